/**
 * `npm run measure:signals`: the bytes of 20,000 signals beside those of as many watches, and what the notice of an end costs the server of
 * Redis and of PostgreSQL by itself.
 */
import { parseArgs } from "node:util";
import pg from "pg";
import { createClient } from "redis";
import type { Session } from "../src/core/register.ts";
import { createSessions } from "../src/core/sessions.ts";
import { signal } from "../src/sockets/signal.ts";
import { now } from "./processes/obey.ts";
import { startPostgres } from "./servers/postgres.ts";
import { startRedis } from "./servers/redis.ts";

const { values } = parseArgs({ options: { sessions: { type: "string", default: "20000" } } });

function heap(): number {
  for (let n = 0; n < 4; n++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** What a signal holds on top of a watch, on memory: the watches first, then as many sessions with a signal each. */
async function measureSignals(): Promise<void> {
  const sessions = createSessions<{ n?: number }>();
  const count = Number(values.sessions);
  const cookies: string[] = [];
  for (let n = 0; n < count * 2; n++) {
    const session = await sessions.load();
    session.n = n;
    cookies.push((await sessions.commit(session))!.split(";", 1)[0]!);
  }
  const listener = (): void => {};
  const kept: object[] = [];
  const bytesOf = async (some: readonly string[], keep: (session: Session<{ n?: number }>) => object) => {
    const before = heap();
    for (const cookie of some) {
      const session = await sessions.load(cookie);
      kept.push(keep(session));
      sessions.discard(session);
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
    return (heap() - before) / some.length;
  };
  const watch = await bytesOf(cookies.slice(0, count), (session) => sessions.watch(session, listener));
  const own = await bytesOf(cookies.slice(count), (session) => {
    const own = signal(session);
    own.addEventListener("abort", listener);
    return own;
  });
  console.log(
    `signals   ${count} watches: ${watch.toFixed(0)} bytes each; ${count} signals with a listener: ${own.toFixed(0)} bytes each`,
  );
  await sessions.close();
}

const NOTICES = 20_000;

/** What the notice of an end costs the server by itself: CPU of Redis, and time of a statement in PostgreSQL, with four listeners. */
async function measureNotices(): Promise<void> {
  const text = `2 revoked ${"h".repeat(16)}`;
  const redis = await startRedis();
  const client = await createClient({ url: redis.url }).connect();
  const listeners = await Promise.all([1, 2, 3, 4].map(() => client.duplicate().connect()));
  const cpu = async (): Promise<number> => {
    const info = await client.info("cpu");
    const of = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, "m").exec(info)![1]);
    return of("used_cpu_sys") + of("used_cpu_user");
  };
  const costOf = async (send: () => Promise<unknown>): Promise<number> => {
    const before = await cpu();
    for (let n = 0; n < NOTICES; n += 100) await Promise.all(Array.from({ length: 100 }, send));
    return ((await cpu()) - before) * (1e6 / NOTICES);
  };
  await costOf(() => client.ping());
  const ping = await costOf(() => client.ping());
  const unheard = await costOf(() => client.publish("ended", text));
  for (const each of listeners) await each.subscribe("ended", () => {});
  const heard = await costOf(() => client.publish("ended", text));
  console.log(
    `redis     CPU of the server: ${ping.toFixed(1)} µs for a PING, ${unheard.toFixed(1)} for a PUBLISH that nobody hears, ${heard.toFixed(1)} for one to four processes`,
  );
  for (const each of [client, ...listeners]) each.destroy();
  await redis.stop();

  const postgres = await startPostgres();
  const pool = new pg.Pool({ connectionString: postgres.url, max: 1 });
  // The server may be gone before its connections are.
  pool.on("error", () => {});
  const timeOf = async (sql: string): Promise<number> => {
    const begun = now();
    for (let n = 0; n < NOTICES / 4; n++) await pool.query({ name: sql, text: sql });
    return ((now() - begun) * 1000) / (NOTICES / 4);
  };
  const [bare, notify] = ["SELECT 1", `SELECT pg_notify('ended', '${text}')`];
  await timeOf(bare);
  const select = await timeOf(bare);
  const silent = await timeOf(notify!);
  const clients = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const each = new pg.Client({ connectionString: postgres.url });
      each.on("error", () => {});
      await each.connect();
      await each.query("LISTEN ended");
      return each;
    }),
  );
  const told = await timeOf(notify!);
  console.log(
    `postgres  time of a statement: ${select.toFixed(0)} µs for SELECT 1, ${silent.toFixed(0)} for a NOTIFY that nobody hears, ${told.toFixed(0)} for one to four processes`,
  );
  for (const each of clients) await each.end();
  await pool.end();
  await postgres.stop();
}

await measureSignals();
await measureNotices();
process.exit(0);
