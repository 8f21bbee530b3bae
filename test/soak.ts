/**
 * `npm run soak`: what the tests do for seconds, for minutes, on real servers of its own. For each store: processes
 * killed at random points of rotate, login and revoke-all; sessions used while they end; and a store that is down for
 * half a minute under fifty requests a second. With `--limits 1000`, instead: so many rounds of fifty sign-ins of one user at
 * once, on SQLite and memcached too; then `--kills 20` rounds with killed processes. `--policy refuse` tries one policy alone. Exits with 1 at the first thing that does not hold.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { createSessions } from "../src/core/sessions.ts";
import { startSite } from "./faults/site.ts";
import { traffic } from "./faults/traffic.ts";
import { Child, PATIENT } from "./processes/child.ts";
import { limitKillRound, limitRound } from "./processes/limiting.ts";
import { POLICIES } from "./processes/policies.ts";
import { killRound, tangleRound } from "./processes/rounds.ts";
import { openStore, type StoreSpec } from "./processes/stores.ts";
import { startMariadb } from "./servers/mariadb.ts";
import { startMemcached } from "./servers/memcached.ts";
import { startPostgres } from "./servers/postgres.ts";
import { startRedis } from "./servers/redis.ts";
import { startRedisCluster } from "./servers/redis-cluster.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    outage: { type: "string", default: "30" },
    only: { type: "string" },
    limits: { type: "string", default: "0" },
    kills: { type: "string" },
    policy: { type: "string" },
  },
});
const minutes = Number(values.minutes);
const outage = Number(values.outage);
const limits = Number(values.limits);
const kills = Number(values.kills ?? Math.min(20, Math.ceil(limits / 10)));
if (!(minutes > 0) || !(outage >= 0) || !(limits >= 0) || !(kills >= 0)) {
  console.error(
    "--minutes takes a number above 0, --outage seconds (0: none), --limits and --kills a number of rounds",
  );
  process.exit(2);
}

/** A server of the soak's own, and how to reach it. */
const STORES: Record<string, () => Promise<{ server: Server; spec: StoreSpec }>> = {
  redis: async () => {
    const server = await startRedis();
    return { server, spec: { kind: "redis", url: server.url, prefix: "soak:" } };
  },
  "redis-cluster": async () => {
    const server = await startRedisCluster();
    return { server, spec: { kind: "redis-cluster", nodes: server.nodes, prefix: "soak:" } };
  },
  postgres: async () => {
    const server = await startPostgres();
    return { server, spec: { kind: "postgres", url: server.url, table: "soak" } };
  },
  mariadb: async () => {
    const server = await startMariadb();
    return { server, spec: { kind: "mysql", url: server.url, table: "soak" } };
  },
};

/** Those that keep nothing over a restart, or have no server that could be down. */
const LIMITED: typeof STORES = {
  ...STORES,
  memcached: async () => {
    const server = await startMemcached();
    return { server, spec: { kind: "memcached", host: server.host, port: server.port, prefix: "soak:" } };
  },
  sqlite: async () => {
    const directory = mkdtempSync(join(tmpdir(), "micropie-soak-"));
    const stop = async (): Promise<void> => rmSync(directory, { recursive: true });
    const server = { kill: stop, restart: stop, stop };
    return { server, spec: { kind: "sqlite", path: join(directory, "sessions.sqlite") } };
  },
};

interface Server {
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

async function soak(name: string): Promise<void> {
  const { server, spec } = await STORES[name]!();
  const store = await openStore(spec);
  const sessions = createSessions({ backend: store.backend });
  const say = (text: string): void => console.log(`${name.padEnd(14)}${text}`);
  try {
    const until = performance.now() + minutes * 60_000;
    const children = await Child.start(spec, 4);
    let kills = 0;
    let steps = 0;
    let ended = 0;
    try {
      while (performance.now() < until) {
        steps += await killRound(spec, sessions);
        kills += 4;
        await tangleRound(sessions, children, 50);
        ended += 50;
        if (process.stdout.isTTY) process.stdout.write(`\r${name.padEnd(14)}${kills} kills, ${ended} ends`);
      }
    } finally {
      await Promise.all(children.map((child) => child.kill()));
    }
    if (process.stdout.isTTY) process.stdout.write("\r");
    say(`${kills} processes killed after ${steps} whole steps: no half state`);
    say(`${ended} sessions used while they ended: none came back`);
    if (outage === 0) return;
    const site = await startSite(store.backend);
    const { answers, recovery } = await traffic(site, {
      rate: 50,
      before: 2,
      during: outage,
      after: 5,
      begin: () => server.kill(),
      end: () => server.restart(),
    });
    await site.close();
    const count = (wanted: number): number => answers.filter(({ status }) => status === wanted).length;
    say(
      `${outage} s down under 50 requests/s: ${count(200)} answers 200, ${count(503)} 503, ${count(401)} after a logout; ` +
        `none late, nothing lost, nobody logged out; first success after ${Math.round(recovery)} ms`,
    );
    if (recovery > 2000) throw new Error(`the first success came only after ${Math.round(recovery)} ms`);
  } finally {
    await store.close();
    await server.stop();
  }
}

/** So many rounds of sign-ins at once for each policy, and of processes that are killed. */
async function soakLimits(name: string): Promise<void> {
  const { server, spec } = await LIMITED[name]!();
  const store = await openStore(spec);
  const sessions = createSessions({ backend: store.backend, ...PATIENT });
  const children = await Child.start(spec, 4);
  try {
    for (const [policy, onLimit] of POLICIES.entries()) {
      if (values.policy !== undefined && !values.policy.split(",").includes(onLimit)) continue;
      const began = performance.now();
      for (let round = 0; round < limits; round++) await limitRound(sessions, children, policy);
      for (let round = 0; round < kills; round++) await limitKillRound(spec, sessions, children[0]!, policy);
      const seconds = Math.round((performance.now() - began) / 1000);
      console.log(
        `${name.padEnd(14)}${onLimit.padEnd(11)}${limits} rounds of 50 sign-ins in 4 processes: exactly 3 live after each; ` +
          `${kills} rounds of killed processes: never more than 3 after the next (${seconds} s)`,
      );
    }
  } finally {
    await Promise.all(children.map((child) => child.kill()));
    await sessions.close();
    await store.close();
    await server.stop();
  }
}

const known = limits > 0 ? LIMITED : STORES;
const wanted = values.only?.split(",") ?? Object.keys(known);
for (const name of wanted) {
  if (known[name] === undefined) {
    console.error(`--only ${name}: there is ${Object.keys(known).join(", ")}`);
    process.exit(2);
  }
}
for (const name of wanted) await (limits > 0 ? soakLimits(name) : soak(name));
// Clients that lost their server may still be waiting to reconnect.
process.exit(0);
