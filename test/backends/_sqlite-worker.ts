import { SqliteSessionBackend } from "../../src/backends/sqlite.ts";
import { handleOf, newPatch, newRecord } from "./_records.ts";

/** One of several processes on one file. Started with the path and its number; does what the parent's word says. */
const [, , path, number] = process.argv;
const backend = new SqliteSessionBackend(path ?? "");
const shared = handleOf(0);

async function write50(): Promise<number> {
  let kept = 0;
  for (let i = 0; i < 50; i++) {
    // Every one made from version 1, so all but the first of all must be merged into newer versions.
    const result = await backend.patch(shared, newPatch({ [`key-${number}-${i}`]: i }));
    if (result === "ok" || result === "merged") kept += 1;
  }
  return kept;
}

async function lockOften(): Promise<number[]> {
  const fences: number[] = [];
  while (fences.length < 20) {
    const fence = await backend.lock(shared, 60);
    if (typeof fence !== "number") continue;
    fences.push(fence);
    await backend.relock(shared, fence, 0);
  }
  return fences;
}

async function writeForever(): Promise<never> {
  for (let i = 0; ; i++) {
    await backend.create(handleOf(Number(number) * 1e6 + i), newRecord({ userId: "ann" }));
    await backend.patch(shared, newPatch({ [`key-${number}-${i % 100}`]: "x".repeat(i % 5000) }));
    await backend.delete(handleOf(Number(number) * 1e6 + i - 10));
    if (i === 20) process.send?.("busy");
  }
}

process.on("message", async (word) => {
  if (word === "write50") process.send?.(await write50());
  if (word === "lock") process.send?.(await lockOften());
  if (word === "forever") await writeForever();
  if (word === "close") {
    backend.close();
    process.disconnect();
  }
});
process.send?.("ready");
