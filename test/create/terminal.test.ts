import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { endTerminals, hasTerminal, KEYS, Terminal } from "../_terminal.ts";
import { program, temporaryFolder } from "./_command.ts";

const { path: here, remove } = temporaryFolder();
afterEach(endTerminals);
afterAll(remove);

/** create-micropie in a terminal. */
const start = (...args: string[]): Terminal =>
  new Terminal([process.execPath, program, ...args], { cwd: here });

describe.skipIf(!hasTerminal)("in a terminal", () => {
  test("it asks for the folder, the framework and the store, and writes what was chosen", async () => {
    const terminal = start();
    await terminal.shows("Which folder?");
    terminal.press(`shop${KEYS.enter}`);
    await terminal.shows("Which framework?");
    terminal.press(KEYS.down);
    await terminal.shows("● Fastify");
    terminal.press(KEYS.enter);
    await terminal.shows("Where are sessions stored?");
    terminal.press(KEYS.down);
    await terminal.shows("● memory");
    terminal.press(KEYS.enter);
    const { code, screen } = await terminal.end();
    expect(code, screen).toBe(0);
    expect(screen).toContain("cd shop");
    expect(readFileSync(join(here, "shop/package.json"), "utf8")).toContain('"fastify"');
    expect(readFileSync(join(here, "shop/src/store.ts"), "utf8")).toContain("InMemorySessionBackend");
  });

  test("it takes the defaults for Enter", async () => {
    const terminal = start();
    for (const question of ["Which folder?", "Which framework?", "Where are sessions stored?"]) {
      await terminal.shows(question);
      terminal.press(KEYS.enter);
    }
    expect((await terminal.end()).code).toBe(0);
    const { dependencies } = JSON.parse(readFileSync(join(here, "micropie-app/package.json"), "utf8"));
    expect(Object.keys(dependencies)).toEqual(["express", "micropie"]);
    expect(readFileSync(join(here, "micropie-app/src/store.ts"), "utf8")).toContain("SqliteSessionBackend");
  });

  test("it asks only for what was not given", async () => {
    const terminal = start("given", "--store", "redis");
    await terminal.shows("Which framework?");
    terminal.press(KEYS.enter);
    const { code, screen } = await terminal.end();
    expect(code, screen).toBe(0);
    expect(screen).not.toContain("Which folder?");
    expect(screen).not.toContain("Where are sessions stored?");
    expect(readFileSync(join(here, "given/.env"), "utf8")).toContain("REDIS_URL=redis://localhost:6379");
  });

  test("it takes no folder that is not empty, and asks again", async () => {
    mkdirSync(join(here, "taken"));
    writeFileSync(join(here, "taken/notes.txt"), "mine");
    const terminal = start("-f", "koa", "-s", "memory");
    await terminal.shows("Which folder?");
    terminal.press(`taken${KEYS.enter}`);
    await terminal.shows("taken is not empty");
    terminal.press(`${KEYS.clear}free${KEYS.enter}`);
    expect((await terminal.end()).code).toBe(0);
    expect(readdirSync(join(here, "taken"))).toEqual(["notes.txt"]);
    expect(existsSync(join(here, "free/src/app.ts"))).toBe(true);
  });

  test("it writes nothing after Ctrl+C", async () => {
    const before = readdirSync(here).sort();
    const terminal = start();
    await terminal.shows("Which folder?");
    terminal.press(`late${KEYS.enter}`);
    await terminal.shows("Which framework?");
    terminal.press(KEYS.interrupt);
    const { code, screen } = await terminal.end();
    expect(screen).toContain("Nothing was written.");
    expect(code).toBe(130);
    expect(readdirSync(here).sort()).toEqual(before);
  });
});
