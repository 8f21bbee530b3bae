/**
 * `npm run soak:sockets`: for each socket adapter of Node, on Redis and PostgreSQL, how soon sockets in four processes close after one of
 * them has acknowledged the end of their session (1,000 ends); then a store that stands still, and random schedules of faults and of
 * killed processes with a server of `ws` in each process. Exits with 1 at the first thing that does not hold.
 */
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createSessions, type Sessions } from "../src/core/sessions.ts";
import { virtualEnvironment } from "../src/testing/clock.ts";
import { watchLag } from "./_lag.ts";
import { schedules } from "./faults/schedules.ts";
import { SocketCrew } from "./faults/watchers.ts";
import { PATIENT } from "./processes/child.ts";
import { SocketFleet } from "./processes/socket-fleet.ts";
import { standStill } from "./processes/stand-still.ts";
import { openStore, type StoreSpec } from "./processes/stores.ts";
import { startPostgres } from "./servers/postgres.ts";
import { startRedis } from "./servers/redis.ts";
import { SERVERS } from "./sockets/_servers.ts";
import type { Data } from "./sockets/_talk.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    adapter: { type: "string" },
    ends: { type: "string", default: "1000" },
    schedules: { type: "string", default: "300" },
    seed: { type: "string", default: "1" },
  },
});

const STORES: Record<string, () => Promise<Started>> = {
  redis: async () => {
    const server = await startRedis();
    const at = (port: number): StoreSpec => ({
      kind: "redis",
      url: `redis://127.0.0.1:${port}`,
      prefix: "soak:",
      silence: 2,
    });
    return { server, at };
  },
  postgres: async () => {
    const server = await startPostgres();
    const at = (port: number): StoreSpec => ({
      kind: "postgres",
      url: `postgres://micropie:micropie@127.0.0.1:${port}/micropie`,
      table: "soak",
      silence: 2,
    });
    return { server, at };
  },
};

interface Started {
  readonly server: { readonly port: number; readonly pid: number | undefined; stop(): Promise<void> };
  at(port: number): StoreSpec;
}

const ROUND = 40;
const PROCESSES = 10;

async function soak(name: string): Promise<void> {
  const { server, at } = await STORES[name]!();
  const spec = at(server.port);
  const store = await openStore(spec);
  const sessions = createSessions<Data>({ backend: store.backend, ...PATIENT });
  const say = (text: string): void => console.log(`${name.padEnd(10)}${text}`);
  try {
    if (Number(values.ends) > 0) await endAll(spec, sessions, say);
    if (Number(values.schedules) > 0) await breakAll({ server, at }, spec, sessions as never, say);
  } finally {
    await sessions.close();
    await store.close();
    await server.stop();
  }
}

async function endAll(spec: StoreSpec, sessions: Sessions<Data>, say: (text: string) => void): Promise<void> {
  const fleet = await SocketFleet.start(spec, sessions);
  const count = Number(values.ends);
  try {
    for (const server of SERVERS) {
      if (values.adapter !== undefined && !server.name.includes(values.adapter)) continue;
      const ports = await fleet.serve(server);
      const late: number[] = [];
      let [pushed, pushedLate] = [0, 0];
      for (let done = 0; done < count; done += ROUND) {
        const round = await fleet.endRound(server, ports, Math.min(ROUND, count - done));
        late.push(...round.late);
        pushed += round.pushed;
        pushedLate += round.pushedLate;
      }
      late.sort((one, other) => one - other);
      const of = (part: number): string => `${late[Math.floor((late.length - 1) * part)]!.toFixed(1)} ms`;
      say(
        `${server.name}: ${count} ends, ${late.length} sockets closed: median ${of(0.5)}, 99% ${of(0.99)}, worst ${of(1)}; ` +
          `${pushed} messages pushed, ${pushedLate} of them later than a second`,
      );
      if (late.at(-1)! > 1000 || pushedLate > 0) throw new Error("a socket went on for more than a second");
    }
  } finally {
    await fleet.stop();
  }
}

async function breakAll(
  { server, at }: Started,
  spec: StoreSpec,
  elsewhere: Sessions,
  say: (text: string) => void,
): Promise<void> {
  const crew = await SocketCrew.start({ server: { host: "127.0.0.1", port: server.port }, at }, PROCESSES);
  const lag = watchLag();
  try {
    const begun = performance.now();
    const seed = Number(values.seed);
    const stage = { watcher: crew.take, elsewhere, spec, lag: lag.most };
    const done = await schedules(
      stage,
      Number(values.schedules),
      PROCESSES,
      (n) => virtualEnvironment({ seed: seed * 1e6 + n }).random,
    );
    const told = Array.from(done, ([fault, times]) => `${times} ${fault}`).join(", ");
    say(`schedules in ${Math.round((performance.now() - begun) / 1000)} s: ${told}`);
    if (server.pid === undefined) return;
    for (const seconds of [2.5, 10]) say(await standing(seconds, server.pid, crew, elsewhere));
  } finally {
    lag.stop();
    await crew.stop();
  }
}

/** The store stands still while sockets of sessions that live are open. */
async function standing(
  seconds: number,
  pid: number,
  crew: SocketCrew,
  elsewhere: Sessions,
): Promise<string> {
  const watchers = await Promise.all(Array.from({ length: PROCESSES }, crew.take));
  const closed: { reason: string; after: number }[] = [];
  let stopped = Number.POSITIVE_INFINITY;
  const all = [];
  for (let n = 0; n < 10; n++) {
    const session = await elsewhere.load();
    session.n = n;
    const cookie = (await elsewhere.commit(session))!.split(";", 1)[0]!;
    all.push({ cookie, handle: cookie.split("=")[1]!.slice(0, 16) });
  }
  for (const watcher of watchers)
    await watcher.watch(all, (_, reason) => closed.push({ reason, after: performance.now() - stopped }));
  await Promise.all(watchers.map((watcher) => watcher.asked()));
  await pause(2000);
  stopped = performance.now();
  await standStill(pid, seconds);
  await pause(1000);
  const found = [...closed];
  for (const watcher of watchers) await watcher.close();
  const times = found.map(({ after }) => Math.round(after)).sort((one, other) => one - other);
  const all100 = watchers.length * all.length;
  if (seconds < 5 && found.length > 0)
    throw new Error(`${found.length} sockets were closed after ${times[0]} ms`);
  if (seconds > 6 && (found.length < all100 || times.at(-1)! > 6000))
    throw new Error(`${found.length} of ${all100} sockets were closed, the last after ${times.at(-1)} ms`);
  const reasons = [...new Set(found.map(({ reason }) => reason))].join();
  return `${seconds} s without an answer: ${found.length} of ${all100} sockets closed${found.length > 0 ? ` as ${reasons} after ${times[0]} to ${times.at(-1)} ms` : ""}`;
}

for (const name of values.only?.split(",") ?? Object.keys(STORES)) {
  if (STORES[name] === undefined) {
    console.error(`--only ${name}: there is ${Object.keys(STORES).join(", ")}`);
    process.exit(2);
  }
  await soak(name);
}
// Clients that lost their server may still be waiting to reconnect.
process.exit(0);
