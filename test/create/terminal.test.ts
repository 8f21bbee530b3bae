import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { environment } from "../_command.ts";
import { program, temporaryFolder } from "./_command.ts";

const PTY = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
// Its own terminal has no columns.
const SIZED = 'stty rows 40 cols 120 && exec "$@"';
const hasTerminal = spawnSync("python3", ["-c", "import pty"]).status === 0;
const KEYS = { enter: "\r", down: "\x1b[B", interrupt: "\x03", clear: "\x15" };

const { path: here, remove } = temporaryFolder();
afterAll(remove);

const running = new Set<ChildProcess>();
afterEach(() => {
  for (const each of running) each.kill();
});

/** create-micropie in a pseudo-terminal of its own. */
class Terminal {
  readonly #process: ChildProcess;
  readonly #over: Promise<unknown[]>;
  #printed = "";
  #seen = 0;
  #more: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(...args: string[]) {
    const command = ["-c", PTY, "sh", "-c", SIZED, "sh", process.execPath, program, ...args];
    this.#process = spawn("python3", command, { cwd: here, env: environment({ TERM: "xterm" }) });
    running.add(this.#process);
    this.#process.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#printed += text;
      this.#more.resolve();
      this.#more = Promise.withResolvers();
    });
    this.#over = once(this.#process, "close").finally(() => {
      running.delete(this.#process);
      this.#more.resolve();
    });
  }

  /** Waits until a text is on the screen, after those that were waited for before. */
  async shows(text: string): Promise<void> {
    for (;;) {
      const more = this.#more.promise;
      const screen = stripVTControlCharacters(this.#printed);
      const at = screen.indexOf(text, this.#seen);
      if (at !== -1) {
        this.#seen = at + text.length;
        return;
      }
      if (this.#process.exitCode !== null) throw new Error(`"${text}" was never shown:\n${screen}`);
      await more;
    }
  }

  press(keys: string): void {
    this.#process.stdin!.write(keys);
  }

  /** The exit code, and everything that was on the screen. */
  async end(): Promise<{ code: unknown; screen: string }> {
    const [code] = await this.#over;
    return { code, screen: stripVTControlCharacters(this.#printed) };
  }
}

describe.skipIf(!hasTerminal)("in a terminal", () => {
  test("it asks for the folder, the framework and the store, and writes what was chosen", async () => {
    const terminal = new Terminal();
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
    const terminal = new Terminal();
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
    const terminal = new Terminal("given", "--store", "redis");
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
    const terminal = new Terminal("-f", "koa", "-s", "memory");
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
    const terminal = new Terminal();
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
