import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { handleOf, newRecord } from "./_records.ts";

const WORKER = new URL("_sqlite-worker.ts", import.meta.url);
let directory = "";
let path = "";
let workers: ChildProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "micropie-"));
  path = join(directory, "sessions.db");
});
afterEach(async () => {
  for (const worker of workers.filter((child) => child.exitCode === null && child.signalCode === null)) {
    worker.kill("SIGKILL");
    await once(worker, "exit");
  }
  rmSync(directory, { recursive: true });
});

async function start(count: number): Promise<void> {
  workers = Array.from({ length: count }, (_, i) => fork(WORKER, [path, String(i + 1)]));
  expect(await answers()).toEqual(Array(count).fill("ready"));
}

function answers(): Promise<unknown[]> {
  return Promise.all(
    workers.map(async (worker) => {
      const exited = once(worker, "exit").then(([code]) => Promise.reject(new Error(`exited: ${code}`)));
      const [message] = await Promise.race([once(worker, "message"), exited]);
      return message;
    }),
  );
}

function tell(word: string): Promise<unknown[]> {
  const answered = answers();
  for (const worker of workers) worker.send(word);
  return answered;
}

test("four processes make the new file at once, and each keeps 50 keys of one session", async () => {
  await start(4);
  const backend = new SqliteSessionBackend(path);
  await backend.create(handleOf(0), newRecord());
  expect(await tell("write50")).toEqual([50, 50, 50, 50]);
  const record = await backend.read(handleOf(0));
  expect(Object.keys(JSON.parse(record?.data ?? "{}"))).toHaveLength(201);
  expect(record?.version).toBe(201);
  backend.close();
});

test("a lock is held by one process at a time, and its numbers only rise", async () => {
  await start(4);
  const backend = new SqliteSessionBackend(path);
  await backend.create(handleOf(0), newRecord());
  const fences = (await tell("lock")) as number[][];
  for (const own of fences) expect(own).toEqual([...own].sort((a, b) => a - b));
  expect(new Set(fences.flat()).size).toBe(80);
  backend.close();
});

test("processes killed while they write leave the file whole, and the others go on", async () => {
  await start(4);
  const backend = new SqliteSessionBackend(path);
  await backend.create(handleOf(0), newRecord({ idleTimeout: 1e6, absoluteTimeout: 1e6 }));
  expect(await tell("forever")).toEqual(Array(4).fill("busy"));
  for (const worker of workers) {
    worker.kill("SIGKILL");
    await once(worker, "exit");
    await backend.touch(handleOf(0), 2e6);
    expect((await backend.listByUser("ann")).every(({ record }) => record.data === '{"visits":1}')).toBe(
      true,
    );
  }
  expect(JSON.parse((await backend.read(handleOf(0)))?.data ?? "")).toMatchObject({ visits: 1 });
  backend.close();
  const db = new DatabaseSync(path);
  expect(db.prepare("PRAGMA integrity_check").get()).toEqual({ integrity_check: "ok" });
  db.close();
});
