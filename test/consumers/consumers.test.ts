import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Running } from "../_command.ts";
import { openProjects, type Projects } from "./_project.ts";

let projects: Projects;
beforeAll(async () => {
  projects = await openProjects();
});
afterAll(() => projects.remove());

describe("Jest runs the tests of an application", () => {
  test.each([
    ["in CommonJS", "commonjs", "test"],
    ["in CommonJS, with Babel instead of the flag", "commonjs", "test:transformed"],
    ["in ES modules", "esm", "test"],
    ["with ts-jest", "typescript", "test"],
    ["with ts-jest instead of the flag", "typescript", "test:transformed"],
    ["in ES modules with ts-jest", "typescript-esm", "test"],
  ])("%s", async (_, project, script) => {
    expect(await projects.run(project, script)).toMatch(/^Tests: +2 passed, 2 total$/m);
  });

  test.each(["typescript", "typescript-esm"])("that TypeScript accepts: %s", async (project) => {
    expect(await projects.run(project, "types")).toBe("");
  });
});

/** What is in the bundles, as told by comments of esbuild in each, and by a report of webpack on all. */
const CONTENTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  esbuild: {
    "node-server.js": ["adapters/node", "backends/sqlite", "devalue"],
    "fetch-server.js": ["adapters/fetch", "devalue", "srvx"],
    // App imports ws when it has a method for sockets, which a bundler cannot know.
    "app-server.js": ["@fastify/busboy", "devalue", "srvx", "ws"],
  },
  webpack: {
    "stats.json": [
      "@fastify/busboy",
      "adapters/fetch",
      "adapters/node",
      "backends/sqlite",
      "devalue",
      "srvx",
      "ws",
    ],
  },
};

describe.each(Object.keys(CONTENTS))("bundled with %s,", (bundler) => {
  /** Where the bundles are, apart from every node_modules. */
  let out: string;
  beforeAll(async () => {
    await projects.run("bundle", bundler, { args: bundler === "webpack" ? "--json=out/stats.json" : "" });
    out = mkdtempSync(join(tmpdir(), "micropie-bundles-"));
    cpSync(join(projects.folder, "bundle", "out"), out, { recursive: true });
    writeFileSync(join(out, "package.json"), '{ "type": "module" }');
  });
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  async function onServer(name: string, use: (url: string) => Promise<void>): Promise<void> {
    const [file] = globSync(`${name}.{js,mjs}`, { cwd: out });
    const server = new Running(process.execPath, [join(out, file!)], out);
    try {
      await use(await server.address());
    } finally {
      await server.stop("SIGKILL");
    }
  }

  test.each(["node-server", "fetch-server", "app-server"])("%s counts visits", async (name) => {
    await onServer(name, async (url) => {
      const first = await fetch(url);
      expect(await first.text()).toBe("Visit 1");
      const cookie = first.headers.getSetCookie()[0]!.split(";", 1)[0]!;
      expect(await (await fetch(url, { headers: { cookie } })).text()).toBe("Visit 2");
    });
  });

  test("an App takes an upload", async () => {
    await onServer("app-server", async (url) => {
      const body = new FormData();
      body.append("file", new Blob(["12345"]), "five.txt");
      const answer = await fetch(new URL("upload", url), { method: "POST", body });
      expect(await answer.json()).toEqual([5]);
    });
  });

  test.each(Object.entries(CONTENTS[bundler]!))(
    "no framework, adapter or back-end comes along that was not imported: %s",
    (file, contents) => {
      const text = readFileSync(join(out, file), "utf8");
      const paths = file.endsWith(".json")
        ? namesOf((JSON.parse(text) as { modules: Module[] }).modules)
        : Array.from(text.matchAll(/^ *\/\/ (\S+\.[cm]?js)$/gm), ([, path]) => path!);
      expect(contentsOf(paths)).toEqual(contents);
    },
  );
});

/** What is used of webpack's report. */
interface Module {
  readonly name: string;
  /** In no bundle by itself. */
  readonly orphan?: boolean;
  readonly modules?: readonly Module[];
}

function namesOf(modules: readonly Module[]): string[] {
  return modules.flatMap((module) => (module.orphan ? [] : [module.name, ...namesOf(module.modules ?? [])]));
}

/** The packages of these files, and of micropie the modules that it exports, except for what its core imports. */
function contentsOf(paths: readonly string[]): string[] {
  const found = paths.map((path) => {
    const [, name, rest] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\/(\S*)/.exec(path) ?? [];
    if (name !== "micropie") return name;
    // A back-end that the command uses too is a file that both share.
    const entry = rest!.replace(
      /^dist\/_shared\/(sqlite|redis|postgres|mysql|memcached)\.js$/,
      "dist/backends/$1.js",
    );
    return /^dist\/((?:adapters|backends|compat|legacy|testing)\/[a-z]\S*)\.js$/.exec(entry)?.[1];
  });
  const core = ["backends/backend", "backends/memory"];
  return [...new Set(found)].filter((name) => name !== undefined && !core.includes(name)).sort() as string[];
}
