/** Fills one holder with sessions, lets them expire, and tells its parent what that cost. Needs `--expose-gc`. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

const VISIT_MS = 50;

const [kind, countText, idleText, afterText] = process.argv.slice(2);
const count = Number(countText);
const idleTimeout = Number(idleText);
const after = Number(afterText);

/** Bytes that are reachable: the V8 heap, and what it keeps outside. */
async function usedBytes() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await sleep(50);
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}

const newData = (i) => ({ userId: `user-${i}`, visits: i % 100, csrf: randomBytes(16).toString("hex") });

const { hold } = await import(`./${kind}.js`);
// One full use before the first reading: code and caches are not sessions.
const rehearsal = hold(idleTimeout);
for (let i = 0; i < 1000; i++) await rehearsal.create(newData(i));
await rehearsal.visit();
await rehearsal.close();

const empty = await usedBytes();
const holder = hold(idleTimeout);
const started = performance.now();
for (let i = 0; i < count; i++) {
  await holder.create(newData(i));
  if (i % 500 === 499) await nextTurn();
}
const created = performance.now();
const full = await usedBytes();
const holdsAny = kind !== "nothing";
if (holdsAny) {
  assert.equal(holder.size?.() ?? count, count, "none was pushed out");
  assert.ok(
    performance.now() - started < idleTimeout * 1000,
    "all sessions must live while they are weighed",
  );
  assert.equal((await holder.last())?.userId, `user-${count - 1}`, "the last session can be read");
}

const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
const visits = setInterval(() => holder.visit(), VISIT_MS);
const expired = performance.now() + idleTimeout * 1000;
await sleep(expired + after * 1000 - performance.now());
delays.disable();
clearInterval(visits);
const left = await usedBytes();
if (holdsAny) assert.equal(await holder.last(), undefined, "the last session has expired");
await holder.close();

process.send({
  kind,
  createUs: ((created - started) * 1000) / count,
  bytes: (full.heap - empty.heap) / count,
  rss: (full.rss - empty.rss) / count,
  freed: (full.heap - left.heap) / (full.heap - empty.heap),
  delayMax: delays.max / 1e6,
  delayP99: delays.percentile(99) / 1e6,
});
process.disconnect();
