/**
 * `npm run redis-steps`: what a step of a session costs Redis itself, beside plain commands and the least that a script can do.
 * Writes a table into docs/performance.md. See README.md.
 */
import { parseArgs } from "node:util";
import { RedisSessionBackend } from "micropie/backends/redis";
import { createClient } from "redis";
import { startRedis } from "../test/servers/redis.ts";
import { machine } from "./lib/machine.js";
import { machineText, number, table } from "./lib/markdown.js";
import { cpuOf } from "./lib/process-cpu.js";
import { writeSection } from "./lib/section.js";
import { median } from "./lib/statistics.js";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "11" },
    quick: { type: "boolean", default: false },
    "no-report": { type: "boolean", default: false },
  },
});
const rounds = options.quick ? 1 : Number(options.rounds);
const CALLS = options.quick ? 2000 : 20_000;
const [KEYS, CALLERS, IDLE] = [1000, 32, 28_800];
const DATA = JSON.stringify({ visits: 12 });
const TEXT = `${"0".repeat(150)}${DATA}`;

const redis = await startRedis();
const client = await createClient({ url: redis.url, commandOptions: { timeout: 0 } }).connect();
const backend = new RedisSessionBackend(client);
const send = (...args) => client.sendCommand(args.map(String));
const script = async (text) => {
  const digest = await client.scriptLoad(text);
  return (key, ...args) => send("EVALSHA", digest, 1, key, ...args);
};
const nothing = await script("return 1");
const rewrite = await script(
  "local s = redis.call('GET', KEYS[1]) redis.call('SET', KEYS[1], s, 'KEEPTTL') return 1",
);
const versions = new Map();

const STEPS = {
  "`PING`": () => send("PING"),
  "`GET`": (n) => send("GET", `plain:${n}`),
  "`GET`, then `SETEX`": async (n) => {
    await send("GET", `plain:${n}`);
    await send("SETEX", `plain:${n}`, IDLE, TEXT);
  },
  "a script that does nothing": (n) => nothing(`plain:${n}`),
  "the same with eight arguments": (n) => nothing(`plain:${n}`, 1, 2, 3, 4, 5, 6, 7, 8),
  "`GET`, then a script that reads and writes its key": async (n) => {
    await send("GET", `plain:${n}`);
    await rewrite(`plain:${n}`);
  },
  "**micropie, a read**": (n) => backend.read(`handle${n}`),
  "**micropie, a read and a change**": async (n) => {
    await backend.read(`handle${n}`);
    const baseVersion = versions.get(n) ?? 1;
    versions.set(n, baseVersion + 1);
    const set = { visits: 12 };
    const patch = { baseVersion, ifEpoch: 0, idleTimeout: IDLE, data: DATA, set, unset: [] };
    const result = await backend.patch(`handle${n}`, patch);
    if (result !== "ok") throw new Error(`patch: ${result}`);
  },
};
const found = new Map(Object.keys(STEPS).map((name) => [name, []]));
try {
  for (let n = 0; n < KEYS; n++) {
    await send("SETEX", `plain:${n}`, IDLE, TEXT);
    const record = { data: DATA, head: "", secretHash: "h".repeat(43), userId: null };
    await backend.create(`handle${n}`, { ...record, idleTimeout: IDLE, absoluteTimeout: IDLE * 3 });
  }
  for (let round = 0; round < rounds; round++)
    for (const [name, step] of Object.entries(STEPS)) {
      const before = cpuOf(redis.pid);
      // Each caller has keys of its own, so that no two change one session at once.
      const call = async (_, caller) => {
        for (
          let n = caller, done = 0;
          done < CALLS / CALLERS;
          done++, n = (n + CALLERS) % (KEYS - (KEYS % CALLERS))
        )
          await step(n);
      };
      await Promise.all(Array.from({ length: CALLERS }, call));
      found.get(name).push((cpuOf(redis.pid) - before) / CALLS);
    }
} finally {
  await client.close();
  await redis.stop();
}

const text = table(
  ["step", "µs of Redis (min–max)"],
  [...found].map(([name, all]) => [
    name,
    `${number(median(all))} (${number(Math.min(...all))}–${number(Math.max(...all))})`,
  ]),
);
const date = new Date().toISOString().slice(0, 10);
const taken = `Taken on ${date}: ${machineText(machine())}. ${rounds} interleaved rounds of ${CALLS} steps from ${CALLERS} callers, ${KEYS} sessions.`;
console.log(text);
if (!options.quick && !options["no-report"]) writeSection("redis-steps", `${taken}\n\n${text}`);
