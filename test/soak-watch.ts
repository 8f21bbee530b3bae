/**
 * `npm run soak:watch`: how fast four processes hear of ends on every store (1,000 ends; fewer where they are asked for), a
 * store that stands still, and 1,000 random schedules of network faults on Redis and PostgreSQL. Exits with 1 at the first
 * thing that does not hold.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { createSessions, type Sessions } from "../src/core/sessions.ts";
import { virtualEnvironment } from "../src/testing/clock.ts";
import { watchLag } from "./_lag.ts";
import { type Stage, schedules } from "./faults/schedules.ts";
import { engineWatcher } from "./faults/watchers.ts";
import { Child } from "./processes/child.ts";
import { standStill } from "./processes/stand-still.ts";
import { openStore, type StoreSpec } from "./processes/stores.ts";
import { type Ended, watchRound } from "./processes/watching.ts";
import { startMariadb } from "./servers/mariadb.ts";
import { startMemcached } from "./servers/memcached.ts";
import { startPostgres } from "./servers/postgres.ts";
import { startRedis } from "./servers/redis.ts";
import { startRedisCluster } from "./servers/redis-cluster.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    ends: { type: "string", default: "1000" },
    schedules: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
  },
});

interface Started {
  readonly spec: StoreSpec;
  /** The same store at another port, where a proxy is. */
  at?(port: number): StoreSpec;
  readonly port?: number;
  readonly pid?: number | undefined;
  stop(): Promise<void> | void;
}

const folder = mkdtempSync(join(tmpdir(), "micropie-"));
const redisAt = (port: number): StoreSpec => ({
  kind: "redis",
  url: `redis://127.0.0.1:${port}`,
  prefix: "soak:",
  silence: 2,
});
const postgresAt = (port: number): StoreSpec => ({
  kind: "postgres",
  url: `postgres://micropie:micropie@127.0.0.1:${port}/micropie`,
  table: "soak",
  silence: 2,
});

const STORES: Record<string, () => Promise<Started>> = {
  redis: async () => {
    const { port, pid, stop } = await startRedis();
    return { spec: redisAt(port), at: redisAt, port, pid, stop };
  },
  postgres: async () => {
    const { port, pid, stop } = await startPostgres();
    return { spec: postgresAt(port), at: postgresAt, port, pid, stop };
  },
  "redis-cluster": async () => {
    const { nodes, stop } = await startRedisCluster();
    return { spec: { kind: "redis-cluster", nodes, prefix: "soak:" }, stop };
  },
  mariadb: async () => {
    const { url, stop } = await startMariadb();
    return { spec: { kind: "mysql", url, table: "soak" }, stop };
  },
  memcached: async () => {
    const { host, port, stop } = await startMemcached();
    return { spec: { kind: "memcached", host, port, prefix: "soak:" }, stop };
  },
  sqlite: async () => ({ spec: { kind: "sqlite", path: join(folder, "sessions.sqlite") }, stop() {} }),
  cas: async () => ({ spec: { kind: "cas", path: join(folder, "texts.sqlite") }, stop() {} }),
};

/** The stores that tell of ends by themselves, so that a thousand take no time. */
const TELLING = ["redis", "postgres", "redis-cluster"];
const ROUND = 100;

async function soak(name: string): Promise<void> {
  const { spec, at, port, pid, stop } = await STORES[name]!();
  const store = await openStore(spec);
  const sessions = createSessions({ backend: store.backend });
  const say = (text: string): void => console.log(`${name.padEnd(14)}${text}`);
  const children = await Child.start(spec, 4, { watchLease: 5 });
  try {
    const count = TELLING.includes(name) ? Number(values.ends) : Math.ceil(Number(values.ends) / 5);
    const late: number[] = [];
    for (let done = 0; done < count; done += ROUND)
      late.push(...(await watchRound(sessions, children, Math.min(ROUND, count - done))));
    late.sort((one, other) => one - other);
    const of = (part: number): string => `${late[Math.floor((late.length - 1) * part)]!.toFixed(1)} ms`;
    say(`${count} ends in four processes: median ${of(0.5)}, 99% ${of(0.99)}, worst ${of(1)}`);
    if (late.at(-1)! > 1000) throw new Error("an end was told later than after a second");
    if (pid !== undefined) say(await silent(sessions, children, pid));
    if (at === undefined || port === undefined) return;
    const lag = watchLag();
    const reached = { server: { host: "127.0.0.1", port }, at };
    const stage: Stage = {
      watcher: () => engineWatcher(reached),
      elsewhere: sessions,
      spec,
      lag: lag.most,
    };
    const seed = Number(values.seed);
    const begun = performance.now();
    const done = await schedules(
      stage,
      Number(values.schedules),
      30,
      (n) => virtualEnvironment({ seed: seed * 1e6 + n }).random,
    );
    lag.stop();
    const told = Array.from(done, ([fault, times]) => `${times} ${fault}`).join(", ");
    say(
      `schedules in ${Math.round((performance.now() - begun) / 1000)} s: ${told}; the lag was ${Math.round(lag.most())} ms`,
    );
  } finally {
    await Promise.all(children.map((child) => child.kill()));
    await sessions.close();
    await store.close();
    await stop();
  }
}

/** The store stands still for ten seconds while four processes watch; one of them is killed. */
async function silent(sessions: Sessions, children: Child[], pid: number): Promise<string> {
  const cookies: string[] = [];
  for (let n = 0; n < 20; n++) {
    const session = await sessions.load(undefined);
    session.visits = n;
    cookies.push((await sessions.commit(session))!.split(";", 1)[0]!);
  }
  await Promise.all(children.map((child) => child.run("watch", cookies)));
  await new Promise((resolve) => setTimeout(resolve, 2000));
  await children.pop()!.kill();
  const stopped = Number(process.hrtime.bigint() / 1000n) / 1000;
  await standStill(pid, 10);
  const after: number[] = [];
  for (const child of children) {
    const heard = (await child.run("ends")) as Ended[];
    if (heard.length !== 20) throw new Error(`a process heard of ${heard.length} ends of 20`);
    for (const { reason, at } of heard) {
      if (reason !== "unreachable") throw new Error(`a process heard ${reason}`);
      after.push(at - stopped);
    }
  }
  const [first, last] = [Math.min(...after), Math.max(...after)];
  if (last > 6000) throw new Error(`a watch went on for ${last} ms without word from the store`);
  return `10 s without an answer: every watch ended after ${Math.round(first)} to ${Math.round(last)} ms`;
}

for (const name of values.only?.split(",") ?? Object.keys(STORES)) {
  if (STORES[name] === undefined) {
    console.error(`--only ${name}: there is ${Object.keys(STORES).join(", ")}`);
    process.exit(2);
  }
  await soak(name);
}
rmSync(folder, { recursive: true });
// Clients that lost their server may still be waiting to reconnect.
process.exit(0);
