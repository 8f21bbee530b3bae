import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ensureDist, environment, main, Running, root } from "./_command.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "micropie-cli-")));
const running: Running[] = [];

beforeAll(() => {
  ensureDist();
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  write("ok.ts", 'export default { fetch: (_: Request): Response => new Response("first") };');
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop("SIGKILL");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(join(folder, name, ".."), { recursive: true });
  writeFileSync(join(folder, name), `${text}\n`);
}

/** Runs the command to its end. */
function micropie(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const options = { cwd: folder, env: environment(env), encoding: "utf8", timeout: 100_000 } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], options);
  return { status, stdout, stderr };
}

function start(args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd = folder): Running {
  const server = new Running(process.execPath, [main, ...args], cwd, env);
  running.push(server);
  return server;
}

/** Requests a URL with the cookies of a jar, and keeps the cookies of the response. */
async function ask(url: string, jar: Map<string, string>): Promise<string> {
  const cookie = Array.from(jar, (pair) => pair.join("=")).join("; ");
  const response = await fetch(url, { headers: cookie === "" ? {} : { cookie } });
  for (const line of response.headers.getSetCookie()) {
    const [name = "", value = ""] = line.split(";")[0]!.split("=");
    jar.set(name, value);
  }
  return response.text();
}

describe("invalid arguments print an error, exit code 2", () => {
  test.each<[string, string[], RegExp]>([
    ["no file", [], /^micropie: missing file\. For example: npx micropie app\.ts\n/],
    ["two files", ["ok.ts", "b.ts"], /expected one file, got two: ok\.ts b\.ts/],
    [
      "an unknown option",
      ["ok.ts", "--prot", "80"],
      /^micropie: Unknown option '--prot'\. Did you mean --port\?\n.*--help/,
    ],
    ["an option without its value", ["ok.ts", "--port"], /^micropie: --port needs a value\n/],
    ["an option followed by an option", ["ok.ts", "--port", "--watch"], /^micropie: --port needs a value\n/],
    ["a value for a flag", ["ok.ts", "--watch=yes"], /'-w, --watch' does not take an argument/],
    [
      "a port that is not a number",
      ["ok.ts", "-p", "80a"],
      /--port must be a whole number from 0 to 65535, not "80a"/,
    ],
    ["a port above 65535", ["ok.ts", "--port=65536"], /not "65536"/],
    ["a port below 0", ["ok.ts", "--port=-1"], /not "-1"/],
  ])("%s", (_, args, message) => {
    const { status, stdout, stderr } = micropie(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  });

  test("an invalid PORT variable", () => {
    const { status, stderr } = micropie(["ok.ts"], { PORT: "http" });
    expect(stderr).toContain('the variable PORT must be a whole number from 0 to 65535, not "http"');
    expect(status).toBe(2);
  });
});

describe("serves", () => {
  test("--help and --version", () => {
    const help = micropie(["--help"]);
    expect(help.stdout).toMatch(/^Usage: micropie <file> \[options\]\n/);
    expect(help).toMatchObject({ status: 0, stderr: "" });
    expect(micropie(["--version"]).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test("any object with a fetch method, and prints its address and how to stop it", async () => {
    const server = start(["ok.ts", "--port", "0"]);
    const url = await server.address();
    expect(await (await fetch(url)).text()).toBe("first");
    expect(await server.stop("SIGINT")).toBe(0);
    expect(server.out).toBe(`ok.ts is listening on ${url}\nPress Ctrl+C to stop.\nStopped.\n`);
    expect(server.err).toBe("");
  });

  test("an App, with a hint for each parameter of a route whose ? is erased", async () => {
    write(
      "optional.ts",
      `import { App } from ${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)};
      // other(id?: string) { return id; }
      const text = "other(id?: string)";
      class Other { later(id?: string) { return id; } helper(x?: number): number | undefined { return x; } }
      class Todos extends App {
        index() { return text; }
        todos(list: string, id?: string): string { const found: string | undefined = id; return list + found; }
        async other(id: string) { return id ? "yes" : \`no \${new Other().helper()}\`; }
        later(id : string) { return id; }
        given(id: string | undefined = undefined, last?: string) { return \`\${id}\${last}\`; }
        field = (id ?: string) => id;
        _private(id?: string) { return id; }
      }
      export default new Todos();`,
    );
    const server = start(["optional.ts", "--port", "0"]);
    await server.printed(/Write .*\n.*Write .*\n/);
    await server.stop();
    const hint = (route: string) =>
      `micropie: optional.ts: TypeScript erases the "?" of ${route}(id?), so a request without it is a 400. Write id: string | undefined = undefined\n`;
    expect(server.err).toBe(hint("todos") + hint("field"));
  });

  test("on the port in PORT and the address in --host", async () => {
    const server = start(["ok.ts", "--host", "127.0.0.1"], { PORT: "0" });
    expect(await server.address()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await server.stop()).toBe(0);
  });

  test("until running requests have ended after a signal", async () => {
    write(
      "slow.js",
      `export default { async fetch() {
        const told = new Promise((resolve) => process.once("SIGTERM", () => setImmediate(resolve)));
        console.log("asked");
        await told;
        return new Response("slow");
      } };`,
    );
    const server = start(["slow.js", "--port", "0"]);
    const answer = fetch(await server.address());
    await server.printed(/asked/);
    const over = server.stop("SIGTERM");
    expect(await (await answer).text()).toBe("slow");
    expect(await over).toBe(0);
  });

  test("the visit counter, which keeps its sessions through restarts and a kill", async () => {
    const env = { SESSIONS: join(folder, "visits.sqlite") };
    const jar = new Map<string, string>();
    let visits = 0;
    for (const signal of ["SIGTERM", "SIGKILL", "SIGINT"] as const) {
      const server = start(["examples/visit-counter/app.ts", "--port", "0"], env, root);
      const url = await server.address();
      for (let n = 0; n < 2; n++) expect(await ask(url, jar)).toBe(`You have visited ${++visits} times.`);
      expect(await server.stop(signal)).toBe(signal === "SIGKILL" ? "SIGKILL" : 0);
    }
    expect(visits).toBe(6);
  });

  test("npm start, which prints the next steps and leaves no process running", async () => {
    const env = { SESSIONS: join(folder, "start.sqlite"), PORT: "0" };
    const server = new Running("npm", ["start"], root, env);
    running.push(server);
    const url = await server.address();
    await server.printed(/What to do next[\s\S]*npm start -- --port 3000/);
    expect(await ask(url, new Map())).toBe("You have visited 1 times.");
    await server.stop("SIGTERM");
    await expect.poll(() => fetch(url).then(String, () => "nobody there")).toBe("nobody there");
  });
});

describe("--watch", () => {
  test("restarts when a file changes or is replaced, also after an error", async () => {
    write("watched/greeting.ts", 'export const greeting = "one";');
    const app = (rest: string) =>
      `import { greeting } from "./greeting.ts";\nexport default { fetch: () => new Response(greeting + "${rest}") };`;
    write("watched/app.ts", app("!"));
    const server = start(["watched/app.ts", "--port", "0", "--watch"]);
    expect(await (await fetch(await server.address())).text()).toBe("one!");
    expect(server.out).toContain("Restarts when a file changes.");

    const next = async (change: () => void, pattern = /listening on (http:\/\/\S+)/) => {
      const from = server.all.length;
      change();
      return (await server.printed(pattern, from))[1] ?? "";
    };
    const afterImport = await next(() => write("watched/greeting.ts", 'export const greeting = "two";'));
    expect(await (await fetch(afterImport)).text()).toBe("two!");

    // The way that editors replace a file atomically.
    for (const rest of ["?", "."]) {
      const url = await next(() => {
        write("watched/app.ts~", app(rest));
        renameSync(join(folder, "watched/app.ts~"), join(folder, "watched/app.ts"));
      });
      expect(await (await fetch(url)).text()).toBe(`two${rest}`);
    }

    await next(() => write("watched/app.ts", "export default {"), /Waiting for a file to change/);
    expect(server.err).toContain("micropie: watched/app.ts could not be loaded:");
    await next(
      () => write("watched/app.ts", 'import "./later.ts";\nthrow 1;'),
      /Waiting for a file to change/,
    );
    await next(() => write("watched/later.ts", "export {};"), /threw while it was loading/);
    const repaired = await next(() => write("watched/app.ts", app(" again")));
    expect(await (await fetch(repaired)).text()).toBe("two again");

    expect(await server.stop("SIGINT")).toBe(0);
    await expect(fetch(repaired)).rejects.toThrow();
  });

  test("the server ends with the command, even if the command is killed", async () => {
    const server = start(["ok.ts", "--port", "0", "--watch"]);
    const url = await server.address();
    server.process.kill("SIGKILL");
    await expect.poll(() => fetch(url).then(String, () => "nobody there")).toBe("nobody there");
  });
});
