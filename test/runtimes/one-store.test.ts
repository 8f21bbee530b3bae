import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
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

/** Runs visit.ts on a runtime. */
async function visit(program: Program, file: string, ...args: string[]): Promise<Seen> {
  const { folder } = place;
  const { stdout } = await promisify(execFile)(
    program.command,
    [...program.args, place.file("visit.ts"), join(folder, file), ...args],
    { cwd: folder, env: environmentIn(folder) },
  );
  return JSON.parse(stdout) as Seen;
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
