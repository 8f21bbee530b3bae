import { execFileSync } from "node:child_process";
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureDist, environment, Running, root } from "./_command.ts";
import { installOffline } from "./_packed.ts";
import { withoutComments } from "./_source.ts";

interface Manifest {
  version: string;
  exports: Record<string, { types: string } | string>;
  dependencies: Record<string, string>;
}

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
const subpaths = Object.keys(manifest.exports).filter((path) => path !== "./package.json");
const specifier = (subpath: string) => `micropie${subpath.slice(1)}`;

/** An application with the packed package installed. */
let app: string;
let packed: { filename: string; size: number; files: { path: string }[] };

function run(command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd: app, env: environment(), encoding: "utf8", stdio: "pipe" });
}

function node(program: string, ...flags: string[]): string {
  return run(process.execPath, [...flags, "--input-type=module", "--eval", program]);
}

beforeAll(() => {
  ensureDist();
  const folder = mkdtempSync(join(tmpdir(), "micropie-package-"));
  app = join(folder, "app");
  mkdirSync(app);
  const [result] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
      cwd: root,
      encoding: "utf8",
      stdio: "pipe",
    }),
  ) as (typeof packed)[];
  packed = result!;
  writeFileSync(join(app, "package.json"), '{ "type": "module" }');
  run("npm", installOffline(join(folder, packed.filename)));
});

afterAll(() => rmSync(join(app, ".."), { recursive: true, force: true }));

test("the tests run on the Node that the project brings, not on the machine's own", () => {
  expect(Number(process.versions.node.split(".")[0])).toBeGreaterThanOrEqual(24);
});

test("is packed under 380 kB, and holds only what is needed to use it", () => {
  expect(packed.size).toBeLessThan(380_000);
  const others = packed.files.map(({ path }) => path).filter((path) => !/^dist\/.+\.(js|d\.ts)$/.test(path));
  const cjsTypes = "dist/compat/drop-in.d.cts";
  expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", cjsTypes, "package.json"]);
});

test("the functions and classes of the packed code have their names, on lines of their own", () => {
  const program = `
    import * as all from "micropie";
    import { SqliteSessionBackend } from "micropie/backends/sqlite";
    const named = Object.entries({ ...all, SqliteSessionBackend }).filter(([, value]) => typeof value === "function");
    let stack;
    try { all.createSessions({ timeout: 1 }); } catch (error) { stack = error.stack; }
    console.log(JSON.stringify({ wrong: named.filter(([name, { name: own }]) => name !== own).map(([name]) => name), stack }));
  `;
  const { wrong, stack } = JSON.parse(node(program)) as { wrong: string[]; stack: string };
  expect(wrong).toEqual([]);
  const frames = Array.from(stack.matchAll(/at (?:Module\.)?(\w+) \(.*?micropie\/(dist\/\S+?):(\d+):/g));
  expect(frames.map(([, name, file]) => `${name} ${file}`)).toEqual(
    expect.arrayContaining(["refuseUnknown dist/_shared/core.js", "createSessions dist/_shared/core.js"]),
  );
  expect(frames.every(([, , , line]) => Number(line) > 1)).toBe(true);
});

test("exports these names, and no others", async () => {
  const names = JSON.parse(
    node(`
      const names = {};
      for (const path of ${JSON.stringify(subpaths.map(specifier))}) names[path] = Object.keys(await import(path));
      console.log(JSON.stringify(names));
    `),
  ) as Record<string, string[]>;
  const lines = subpaths.flatMap((subpath) => {
    const values = names[specifier(subpath)]!;
    const types = typeNames(subpath).filter((name) => !values.includes(name));
    return [
      specifier(subpath),
      ...values.sort().map((name) => `  ${name}`),
      ...types.map((name) => `  type ${name}`),
    ];
  });
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("package.exports.txt");
});

/** The names that a declaration file exports. */
function typeNames(subpath: string): string[] {
  const { types } = manifest.exports[subpath] as { types: string };
  const text = withoutComments(readFileSync(join(app, "node_modules/micropie", types), "utf8"));
  const own = text.matchAll(
    /^export (?:declare )?(?:abstract )?(?:class|interface|type|function|const) (\w+)/gm,
  );
  const passedOn = Array.from(text.matchAll(/^export (?:type )?\{([^}]*)\}/gm), ([, list]) =>
    list!.split(","),
  );
  const names = [...Array.from(own, ([, name]) => name!), ...passedOn.flat()];
  return [...new Set(names.map((name) => name.trim().replace(/^type |.* as /g, "")))].filter(Boolean).sort();
}

describe("can be imported and required:", () => {
  /** What each says when a thread loads nothing else, since what one loads could be what another lacks. */
  let loaded: Record<string, string>;
  beforeAll(() => {
    const one = `
      const { createRequire } = process.getBuiltinModule("node:module");
      const { parentPort, workerData: path } = process.getBuiltinModule("node:worker_threads");
      import(path).then((imported) => {
        const required = createRequire(process.cwd() + "/x.js")(path);
        const other = Object.keys(required).filter((key) => required[key] !== imported[key]);
        parentPort.postMessage(Object.keys(imported).length + " names, others if required: " + other);
      });
    `;
    const program = `
      import { once } from "node:events";
      import { Worker } from "node:worker_threads";
      const loaded = {};
      for (const path of ${JSON.stringify(subpaths.map(specifier))}) {
        const worker = new Worker(${JSON.stringify(one)}, { eval: true, workerData: path });
        [loaded[path]] = await once(worker, "message").catch((error) => [String(error)]);
      }
      console.log(JSON.stringify(loaded));
    `;
    loaded = JSON.parse(node(program)) as typeof loaded;
  });

  test.each(subpaths)("%s", (subpath) => {
    expect(loaded[specifier(subpath)]).toMatch(/^[1-9]\d* names, others if required: $/);
  });
});

test("importing micropie loads no back-end or adapter that was not asked for, and no server", () => {
  const loaded = (path: string) => {
    const program = `
      import { registerHooks } from "node:module";
      const urls = [];
      registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
      await import(${JSON.stringify(path)});
      console.log(JSON.stringify(urls));
    `;
    const urls = JSON.parse(node(program)) as string[];
    return urls
      .map((url) => url.replace(/^.*\/node_modules\//, ""))
      .filter((url) => !url.startsWith("data:"));
  };
  const files = loaded("micropie");
  expect(files).toContain("micropie/dist/_shared/core.js");
  const unasked =
    /sqlite|\/adapters\/|\/testing\/|\/cli\/|otel|recorder|\/_?admin|^node:(sqlite|http|https|fs)$|^srvx|busboy/;
  expect(files.filter((file) => unasked.test(file))).toEqual([]);
  // What nearly every application loads is in few files: to find and read each costs more than to skip what it holds.
  const own = files.filter((file) => file.startsWith("micropie/"));
  expect(own.length).toBeLessThanOrEqual(10);
  expect(
    loaded("micropie/backends/sqlite").filter((file) => /\/adapters\/|\/app\/|_shared\/visit/.test(file)),
  ).toEqual([]);
  expect(
    loaded("micropie/adapters/node").filter((file) => /\/app\/|sqlite|adapters\/fetch/.test(file)),
  ).toEqual([]);
});

test("declares no `any`", () => {
  const folder = join(app, "node_modules/micropie/dist");
  const declarations = globSync("**/*.d.ts", { cwd: folder });
  expect(declarations.length).toBeGreaterThan(subpaths.length);
  // Data that nobody has described is a dictionary of anything, said in one place.
  const any = declarations.filter(
    (path) =>
      path !== "core/register.d.ts" &&
      /\bany\b/.test(withoutComments(readFileSync(join(folder, path), "utf8"))),
  );
  expect(any).toEqual([]);
});

test("its types are whole: the examples compile against the package, with the libraries checked too", () => {
  const types = join(app, "node_modules/@types");
  mkdirSync(types, { recursive: true });
  symlinkSync(join(root, "node_modules/@types/node"), join(types, "node"));
  const undici = join(root, "node_modules/undici-types");
  symlinkSync(undici, join(app, "node_modules/undici-types"));
  mkdirSync(join(app, "examples"));
  for (const name of readdirSync(join(root, "examples"))) {
    // Those of a framework are not what is looked at here, nor clients of a store.
    const alone =
      name === "visit-counter" || (name.endsWith(".ts") && !/^(shared-store|web-app)\.ts$/.test(name));
    if (alone) cpSync(join(root, "examples", name), join(app, "examples", name), { recursive: true });
  }
  // login.ts and the like have the page of the recipes.
  for (const name of ["page.ts", "users.ts"])
    cpSync(join(root, "examples/recipes", name), join(app, "examples/recipes", name));
  const without = subpaths.filter((path) => !WITH_FRAMEWORK.test(path));
  expect(compiled({ skipLibCheck: false }, without, ["examples"])).toBe("");
});

test("the types that take a framework's are whole beside it", () => {
  for (const name of [
    ...["fastify", "hono", "h3", "elysia", "crossws", "socket.io"],
    ...["@types/express-session", "@types/express"],
  ]) {
    const link = join(app, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  const beside = subpaths.filter((path) => WITH_FRAMEWORK.test(path));
  expect(beside).toHaveLength(9);
  // The frameworks' own declarations do not pass every check.
  expect(compiled({ skipLibCheck: true }, beside, [])).toBe("");
});

/** Which subpaths import the types of a framework. */
const WITH_FRAMEWORK =
  /adapters\/(fastify|hono|h3|elysia)$|compat\/drop-in$|sockets\/(crossws|fastify|hono|socket-io)$/;

/** What the compiler says of a program that imports these. */
function compiled(more: object, paths: readonly string[], include: readonly string[]): string {
  const imports = paths.map((path, index) => `import * as module${index} from "${specifier(path)}";`);
  writeFileSync(
    join(app, "all.ts"),
    `${imports.join("\n")}\nexport default [${paths.map((_, index) => `module${index}`)}];\n`,
  );
  const options = {
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    target: "es2023",
    lib: ["es2023"],
    module: "nodenext",
    types: ["node"],
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    ...more,
  };
  writeFileSync(
    join(app, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, include: ["all.ts", ...include] }),
  );
  try {
    run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", app]);
  } catch (error) {
    return String((error as { stdout: unknown }).stdout);
  }
  return "";
}

test("an option that may be left out may be undefined, on every published type of options", () => {
  const names = subpaths.flatMap((path) =>
    typeNames(path)
      .filter((name) => /Options$|^Lifetime$|^BodyLimits$/.test(name))
      .map((name) => `import("${specifier(path)}").${name}`),
  );
  expect(names.length).toBeGreaterThan(40);
  const refusing = `
    type Refusing<T> = {
      [K in keyof T]-?: {} extends Pick<T, K> ? ({ [P in K]: undefined } extends Pick<T, K> ? never : K) : never;
    }[keyof T];`;
  // Its types are those of @types/express-session.
  const foreign = 'import("micropie/compat/drop-in").SessionOptions';
  const own = (name: string) => (name === foreign ? `Omit<${name}, "genid">` : name);
  const lines = names.map(
    (name, index) => `export const refused${index}: never[] = [] as Refusing<${own(name)}>[];`,
  );
  writeFileSync(join(app, "optional.ts"), `${refusing}\n${lines.join("\n")}\n`);
  expect(compiled({ skipLibCheck: true }, [], ["optional.ts"])).toBe("");
});

test("its command is found by npx", () => {
  expect(run("npx", ["--no-install", "micropie", "--version"]).trim()).toBe(manifest.version);
});

test("its command serves an App of a project that has it installed", async () => {
  writeFileSync(
    join(app, "app.ts"),
    `import { App } from "micropie";
    class MyApp extends App<{ visits: number }> {
      index() {
        const { session } = this.request;
        session.visits = (session.visits ?? 0) + 1;
        return \`You have visited \${session.visits} times.\`;
      }
    }
    export default new MyApp();`,
  );
  const server = new Running(process.execPath, ["node_modules/.bin/micropie", "app.ts", "--port", "0"], app);
  try {
    const response = await fetch(await server.address());
    expect(await response.text()).toBe("You have visited 1 times.");
    expect(response.headers.getSetCookie()).toHaveLength(1);
  } finally {
    expect(await server.stop()).toBe(0);
  }
});

test("leaves nothing behind in the project when it is packed", () => {
  expect(readdirSync(root).filter((name) => name.endsWith(".tgz"))).toEqual([]);
});
