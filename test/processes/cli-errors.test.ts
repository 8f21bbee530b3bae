import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureDist, environment, main } from "../_command.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "micropie-cli-")));

beforeAll(() => {
  ensureDist();
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  write("ok.ts", 'export default { fetch: (_: Request): Response => new Response("first") };');
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
    const file = new URL("../../dist/index.js", import.meta.url).href;
    write(
      "option.ts",
      `import { createSessions } from "${file}";\nexport default createSessions({ timeouts: { idle: -1 } });`,
    );
    const { status, stderr } = micropie(["option.ts"]);
    expect(stderr).toMatch(/ConfigError: timeouts\.idle: .*\n {6}at option\.ts:2:\d+\n$/);
    expect(status).toBe(1);
  });

  test("a startup handler that throws", () => {
    const file = new URL("../../dist/index.js", import.meta.url).href;
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
  const file = new URL("../../examples/visit-counter/app.ts", import.meta.url).pathname;

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
