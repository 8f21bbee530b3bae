import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
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
    ["an unknown option", ["ok.ts", "--prot", "80"], /^micropie: Unknown option '--prot'\n.*--help/],
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

describe("a file that cannot be served prints an error, exit code 1", () => {
  const cases: [string, string, string, string | RegExp][] = [
    [
      "no default export, but an App with another name",
      "named.js",
      "export const shop = { fetch() {} }; export const other = 1;",
      "named.js has no default export; it exports other, shop.\nEnd it with: export default shop;\n",
    ],
    ["no exports", "none.ts", "1;", "it exports nothing.\nEnd it with: export default new MyApp();\n"],
    [
      "a class",
      "class.ts",
      "export default class Shop { fetch() {} }",
      "class.ts exports the class Shop. Export an instance: export default new Shop();\n",
    ],
    [
      "a function",
      "function.ts",
      'export default function handle() { return new Response("x"); }',
      "Export an object with it: export default { fetch: handle };\n",
    ],
    ["a number", "number.ts", "export default 5;", "is a value of type number without a fetch method"],
    ["a promise", "promise.ts", "export default (async () => 1)();", "Await it: export default await"],
    [
      "an error thrown at load, with the user's own stack frames",
      "throws.ts",
      'function open() {\n  throw new TypeError("no settings");\n}\nexport default open();',
      "throws.ts threw while it was loading:\n\n" +
        "  TypeError: no settings\n      at open (throws.ts:2:9)\n      at throws.ts:4:16\n",
    ],
    [
      "an error with a cause",
      "cause.ts",
      'throw new Error("no settings", { cause: new RangeError("0 is too small") });',
      /Error: no settings\n\s+at cause\.ts:1:7\n {2}caused by\n {2}RangeError: 0 is too small\n/,
    ],
    ["a thrown value that is not an Error", "odd.js", "throw { odd: 1 };", "loading:\n\n  { odd: 1 }\n"],
    [
      "a syntax error",
      "syntax.js",
      "const a = 1;\nconst b = = 2;",
      "syntax.js could not be loaded:\n\n  syntax.js:2\n  const b = = 2;\n            ^\n\n  SyntaxError: Unexpected token '='\n",
    ],
    [
      "a syntax error in an imported file",
      "imports.js",
      'import "./syntax.js"; console.log("must not run");',
      "imports.js could not be loaded:\n\n  syntax.js:2\n",
    ],
    ["a syntax error in TypeScript", "syntax.ts", "const a: number = 1;\nconst b: = 2;", "  syntax.ts:2\n"],
    [
      "TypeScript syntax that is not erasable",
      "enum.ts",
      "enum Color { Red }\nexport default Color;",
      /enum\.ts:1\n {2}enum Color[\s\S]*only removes types[\s\S]*erasableSyntaxOnly/,
    ],
    [
      "an import of a name that is not exported",
      "name.ts",
      'import { Nothing } from "./ok.ts";\nexport default Nothing;',
      /name\.ts:1\n[\s\S]*named 'Nothing'\n\nIf it is a TypeScript type, import it with `type`: import \{ type Name \}\.\n/,
    ],
    [
      "an import of a missing file",
      "file.ts",
      'import "./ok";',
      "file.ts could not be loaded: Cannot find module 'ok' imported from file.ts\n\nImports need the file extension",
    ],
    [
      "an import of a package that is not installed",
      "absent.ts",
      'import "not-installed";',
      "Cannot find package 'not-installed' imported from absent.ts\n\nInstall it: npm install not-installed\n",
    ],
    [
      "a top-level await that never resolves",
      "stuck.ts",
      "await new Promise(() => {});\nexport default {};",
      "stuck.ts did not finish loading: a top-level await never resolves.\n",
    ],
    ["a file in another language", "app.py", "print(1)", "app.py is not a .ts or .js file.\n"],
  ];
  test.each(cases)("%s", (_, name, text, message) => {
    write(name, text);
    const { status, stdout, stderr } = micropie([name]);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^micropie: /);
    expect(stderr).not.toMatch(/node:internal|\/dist\//);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  });

  test("a CommonJS package, with the command that switches to ES modules", () => {
    write("commonjs/package.json", '{ "type": "commonjs" }');
    write("commonjs/import.ts", 'import "node:fs";\nexport default {};');
    write("commonjs/export.ts", "export default {};");
    for (const name of ["import", "export"]) {
      const { status, stderr } = micropie([`commonjs/${name}.ts`]);
      expect(stderr).toMatch(/SyntaxError: [\s\S]*switch to ES modules: npm pkg set type=module\n$/);
      expect(status).toBe(1);
    }
  });

  test("a missing file", () => {
    expect(micropie(["shop.ts"])).toEqual({
      status: 1,
      stdout: "",
      stderr: `micropie: file not found: shop.ts in ${folder}.\n`,
    });
    expect(micropie(["ok.js"]).stderr).toBe("micropie: file not found: ok.js. Did you mean ok.ts?\n");
    expect(micropie(["."]).stderr).toBe("micropie: . is a directory. Name the file of the application.\n");
  });

  test("an invalid option, with its name and the line that sets it", () => {
    const file = new URL("../dist/index.js", import.meta.url).href;
    write(
      "option.ts",
      `import { createSessions } from "${file}";\nexport default createSessions({ idleTimeout: -1 });`,
    );
    const { status, stderr } = micropie(["option.ts"]);
    expect(stderr).toMatch(/ConfigError: idleTimeout: .*\n {6}at option\.ts:2:\d+\n$/);
    expect(status).toBe(1);
  });

  test("a startup handler that throws", () => {
    const file = new URL("../dist/index.js", import.meta.url).href;
    write(
      "startup.ts",
      `import { App } from "${file}";\nconst app = new App();\napp.startupHandlers.push(() => {\n  throw new Error("no database");\n});\nexport default app;`,
    );
    const { status, stderr } = micropie(["startup.ts", "--port", "0"]);
    expect(stderr).toMatch(
      /startup\.ts could not start:\n\n {2}Error: no database\n {6}at .*startup\.ts:4:9/,
    );
    expect(stderr).not.toContain("/dist/");
    expect(status).toBe(1);
  });
});

describe("a server that cannot listen prints an error, exit code 1", () => {
  const file = new URL("../examples/visit-counter/app.ts", import.meta.url).pathname;

  test.each(["ok.ts", "the visit counter"])("a port in use, %s", async (name) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "localhost", resolve));
    const { port } = other.address() as AddressInfo;
    const path = name === "ok.ts" ? name : file;
    const { status, stderr } = micropie([path, `--port=${port}`], { SESSIONS: join(folder, "used.sqlite") });
    other.close();
    expect(stderr).toContain(`micropie: port ${port} is already in use.`);
    expect(stderr).toContain(`npx micropie ${path} --port ${port + 1}\n`);
    expect(status).toBe(1);
  });

  test("an address of another machine", () => {
    const { status, stderr } = micropie(["ok.ts", "--port=0", "--host", "203.0.113.1"]);
    expect(stderr).toContain('this computer has no address "203.0.113.1".');
    expect(status).toBe(1);
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
