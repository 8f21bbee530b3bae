import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { SqliteSessionBackend } from "../../src/backends/sqlite.ts";
import { handleOf, newRecord } from "./_records.ts";

/** Started with a small disk of its own, how many sessions to store, and how many log out. Prints what it did once that was full. */
const [, , disk = "", stored, logouts] = process.argv;
const backend = new SqliteSessionBackend(join(disk, "sessions.db"));
const data = JSON.stringify({ text: "x".repeat(300) });
const create = (n: number) => backend.create(handleOf(n), newRecord({ data, userId: `user${n}` }));
for (let n = 0; n < Number(stored); n++) await create(n);

// Another program takes whatever is free, now and after each step.
const file = openSync(join(disk, "other"), "w");
function fillUp(): void {
  try {
    for (;;) writeSync(file, Buffer.alloc(4096));
  } catch {}
}

async function works(step: () => unknown): Promise<boolean> {
  fillUp();
  try {
    return Boolean(await step());
  } catch {
    return false;
  }
}

let created = 0;
while (await works(() => create(1e6 + created))) created++;
let ended = 0;
for (let n = 0; n < Number(logouts); n++) {
  if (await works(() => backend.delete(handleOf(n)))) ended++;
}
const revoked = await works(async () => (await backend.revokeUser(`user${logouts}`)).length === 1);
const left = await Promise.all(Array.from({ length: Number(logouts) }, (_, n) => backend.read(handleOf(n))));
const gone = left.filter((record) => record === undefined).length;
console.log(JSON.stringify({ refused: created < 1e5, ended, revoked, gone }));
