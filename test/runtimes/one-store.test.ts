import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { openPlace } from "./place.ts";
import { findPrograms, type Program } from "./programs.ts";
import { environmentIn } from "./run.ts";

const place = openPlace();
afterAll(() => place.remove());
const programs = (await findPrograms()).filter(({ missing }) => missing === undefined);

interface Seen {
  readonly cookie: string;
  readonly visits: number;
  readonly at: number;
  readonly seen: string[];
  readonly big: string;
  readonly bytes: number[];
}

/** Runs a script of the suite on a runtime, with a file in the folder, and returns what it prints. */
async function run(program: Program, script: string, file: string, ...args: string[]): Promise<string> {
  const { folder } = place;
  const { stdout } = await promisify(execFile)(
    program.command,
    [...program.args, place.file(script), join(folder, file), ...args],
    { cwd: folder, env: environmentIn(folder) },
  );
  return stdout;
}

async function visit(program: Program, ...args: [file: string, ...string[]]): Promise<Seen> {
  return JSON.parse(await run(program, "visit.ts", ...args)) as Seen;
}

test("a session with any data moves from one runtime to the next, through rotations and a sign-in", async () => {
  let cookie = "";
  const cookies = new Set<string>();
  let last: Seen | undefined;
  for (const program of [...programs, programs[0]!]) {
    last = await visit(
      program,
      "moving.sqlite",
      cookie,
      cookies.size === 2 ? "login" : "rotate",
      program.name,
    );
    cookie = last.cookie;
    cookies.add(cookie);
  }
  const times = programs.length + 1;
  expect(cookies.size).toBe(times);
  expect(last).toEqual({
    cookie,
    visits: times,
    at: 1000,
    seen: programs.map(({ name }) => name),
    big: String(2n ** 64n + BigInt(times)),
    bytes: Array.from({ length: times }, (_, index) => index + 1),
  });
});

test("concurrent updates by all runtimes all count", async () => {
  const first = programs[0]!;
  const { cookie } = await visit(first, "shared.sqlite", "", "rotate", first.name);
  await Promise.all(programs.map((program) => visit(program, "shared.sqlite", cookie, "count")));
  const { visits } = await visit(first, "shared.sqlite", cookie, "rotate", first.name);
  expect(visits).toBe(1 + 20 * programs.length + 1);
});

describe.each(programs)("at its start, $name", (program) => {
  test("knows a file that another process is writing, for which it waits", async () => {
    using db = new DatabaseSync(join(place.folder, "written.sqlite"));
    db.exec("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
    expect(await run(program, "start.ts", "written.sqlite")).toContain("is locked by another program");
    db.exec("COMMIT");
    expect(await run(program, "start.ts", "written.sqlite")).toBe("");
  });

  test("knows a file that is no database", async () => {
    writeFileSync(join(place.folder, "notes.txt"), "These are notes. ".repeat(100));
    expect(await run(program, "start.ts", "notes.txt")).toContain("is not an SQLite database");
  });

  test("knows a folder that is not there", async () => {
    expect(await run(program, "start.ts", "nowhere/sessions.sqlite")).toContain("Create it first");
  });
});
