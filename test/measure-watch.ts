/**
 * `npm run measure:watch`: what 20,000 watched sessions cost one process: bytes each, CPU and calls of the store at rest, and how soon
 * 1,000 ends a second that come from another process are told. On Redis, PostgreSQL, SQLite and memory.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Awaitable, EndChannel, EndListener } from "../src/backends/backend.ts";
import { InMemorySessionBackend } from "../src/backends/memory.ts";
import { createSessions } from "../src/core/sessions.ts";
import { GatedBackend } from "../src/testing/gated-backend.ts";
import { openStore, type StoreSpec } from "./processes/stores.ts";
import { startPostgres } from "./servers/postgres.ts";
import { startRedis } from "./servers/redis.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    sessions: { type: "string", default: "20000" },
    rest: { type: "string", default: "20" },
    rate: { type: "string", default: "1000" },
    ender: { type: "string" },
  },
});
const now = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

if (values.ender !== undefined) await endThem(JSON.parse(values.ender) as StoreSpec);

/** The other process: ends sessions at the rate, and says when each was acknowledged. */
async function endThem(spec: StoreSpec): Promise<never> {
  const { backend } = await openStore(spec);
  const [handles] = (await once(process, "message")) as [string[]];
  const acknowledged: Record<string, number> = {};
  const begun = now();
  const rate = Number(values.rate);
  const pending: Promise<void>[] = [];
  for (const [n, handle] of handles.entries()) {
    while (now() - begun < (n * 1000) / rate) await new Promise((resolve) => setTimeout(resolve, 1));
    const ended = Promise.resolve(backend.delete(handle, undefined, "revoked")).then(() => {
      acknowledged[handle] = now();
    });
    pending.push(ended);
  }
  await Promise.all(pending);
  await new Promise((resolve) => process.send?.(acknowledged, resolve));
  process.exit(0);
}

/** Counts the beats as well. */
class Counting extends GatedBackend {
  beats = 0;

  override async listen(listener: EndListener): Promise<EndChannel | undefined> {
    const channel: EndChannel | undefined = await super.listen(listener);
    if (channel === undefined) return undefined;
    const beat = (text: string): Awaitable<void> => {
      this.beats++;
      return channel.beat(text);
    };
    return { mayMiss: channel.mayMiss, beat, close: () => channel.close() };
  }
}

const folder = mkdtempSync(join(tmpdir(), "micropie-"));
const STORES: Record<string, () => Promise<{ spec?: StoreSpec; stop(): unknown }>> = {
  redis: async () => {
    const { url, stop } = await startRedis();
    return { spec: { kind: "redis", url, prefix: "load:" }, stop };
  },
  postgres: async () => {
    const { url, stop } = await startPostgres();
    return { spec: { kind: "postgres", url, table: "load" }, stop };
  },
  sqlite: async () => ({ spec: { kind: "sqlite", path: join(folder, "load.sqlite") }, stop() {} }),
  memory: async () => ({ stop() {} }),
};

function heap(): number {
  for (let n = 0; n < 4; n++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

async function measure(name: string): Promise<void> {
  const { spec, stop } = await STORES[name]!();
  const store = spec && (await openStore(spec));
  const backend = new Counting(store?.backend ?? new InMemorySessionBackend());
  const sessions = createSessions<{ n?: number }>({ backend });
  const say = (text: string): void => console.log(`${name.padEnd(10)}${text}`);
  const count = Number(values.sessions);
  const cookies: string[] = [];
  for (let n = 0; n < count; n += 50) {
    const some = Array.from({ length: 50 }, async () => {
      const session = await sessions.load();
      session.n = n;
      cookies.push((await sessions.commit(session))!.split(";", 1)[0]!);
    });
    await Promise.all(some);
  }
  const handles = cookies.map((cookie) => cookie.split("=")[1]!.slice(0, 16));
  const told = new Map<string, number>(handles.map((handle) => [handle, 0]));
  let ends = 0;
  // One listener for all, since what the listeners hold is theirs.
  const watchAll = async (): Promise<void> => {
    for (let n = 0; n < count; n += 50)
      await Promise.all(
        cookies.slice(n, n + 50).map(async (cookie) => {
          const session = await sessions.load(cookie);
          sessions.watch(session, onEnd);
          sessions.discard(session);
        }),
      );
  };
  const onEnd = (): void => {
    ends++;
  };
  // Once without being kept, so that what the client and the compiler keep is there already.
  for (let n = 0; n < count; n += 50)
    await Promise.all(
      cookies.slice(n, n + 50).map(async (cookie) => sessions.discard(await sessions.load(cookie))),
    );
  backend.forget();
  const before = heap();
  await watchAll();
  await new Promise((resolve) => setTimeout(resolve, 5000));
  backend.forget();
  const bytes = (heap() - before) / count;
  say(`${count} watched: ${bytes.toFixed(0)} bytes each`);

  backend.forget();
  backend.beats = 0;
  const seconds = Number(values.rest);
  const cpu = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const used = process.cpuUsage(cpu);
  const share = (used.user + used.system) / 1e4 / seconds;
  const calls = backend.count("standings");
  say(
    `at rest: ${share.toFixed(2)} % of a core, ${(calls / seconds).toFixed(1)} questions and ${(backend.beats / seconds).toFixed(1)} beats a second`,
  );

  if (spec !== undefined) {
    const some = handles.slice(0, Number(values.rate) * 10);
    for (const handle of some) sessions.watch({ handle }, () => told.set(handle, now()));
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const child = fork(new URL(import.meta.url), ["--ender", JSON.stringify(spec), "--rate", values.rate]);
    child.send(some);
    const busy = process.cpuUsage();
    const begun = now();
    const [acknowledged] = (await once(child, "message")) as [Record<string, number>];
    const took = (now() - begun) / 1000;
    while (ends < some.length) await new Promise((resolve) => setTimeout(resolve, 10));
    const spent = process.cpuUsage(busy);
    const late = some
      .map((handle) => Math.max(0, told.get(handle)! - acknowledged[handle]!))
      .sort((one, other) => one - other);
    const of = (part: number): string => late[Math.floor((late.length - 1) * part)]!.toFixed(1);
    say(
      `${some.length} ends in ${took.toFixed(1)} s: told after ${of(0.5)} ms (median), ${of(0.99)} (99 %), ${of(1)} (worst), with ` +
        `${((spent.user + spent.system) / 1e4 / took).toFixed(0)} % of a core`,
    );
  }
  await sessions.close();
  await store?.close();
  await stop();
}

for (const name of values.only?.split(",") ?? Object.keys(STORES)) await measure(name);
rmSync(folder, { recursive: true });
process.exit(0);
