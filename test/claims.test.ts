import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { read } from "./_blocks.ts";
import { BESIDE_STORES, exported, FRAMEWORKS, files, json, manifest, readme, sorted } from "./_claims.ts";

// What the pages say that there is, and is not, beside package.json and the test files.

/** Decisions may name what was given up. */
const pages = [...files("*.md"), ...files("docs/**/*.md"), ...files("examples/*.md")].filter(
  (page) => !page.startsWith("docs/decisions/"),
);
/** The names of test files, without what comes after a dot: `express`, `express-types` ... */
const tested = (glob: string) => sorted(files(glob).map((path) => basename(path).split(".")[0]));
/** The modules below a folder that a page names in the second column of a table. */
const inTable = (page: string, cell: RegExp) =>
  sorted(
    Array.from(
      read(page).matchAll(new RegExp(`^\\|[^|]*\\|[^|]*${cell.source}[^|]*\\|`, "gm")),
      ([, name]) => name,
    ),
  );

/** The items of a list of the README: `- **[Frameworks](docs/adapters.md):** Express, Fastify, ...` */
function listed(title: string): string[] {
  const start = new RegExp(`^- \\*\\*\\[?${title}\\b[^*]*\\*\\* `, "m").exec(readme);
  const [text = ""] = readme.slice(start!.index + start![0].length).split(/\.\s|\.$|\n\n|\n- /m);
  return text.split(",").map((item) => item.replace(/\s+/g, " ").trim());
}

/** How the README calls the stores, and their modules. */
const STORES: Record<string, string> = {
  memory: "memory",
  SQLite: "sqlite",
  Redis: "redis",
  Valkey: "redis",
  PostgreSQL: "postgres",
  MySQL: "mysql",
  MariaDB: "mysql",
  memcached: "memcached",
  "Cloudflare D1": "d1",
  "Durable Objects": "durable-object",
  "stores for express-session": "connect-store",
  "unstorage drivers": "unstorage",
  "a store of yours": "backend",
};
const MOVES: Record<string, string> = { "@fastify/session": "fastify-session" };

describe("what the docs say there is, is there, is tested, and is all:", () => {
  test("frameworks", () => {
    expect(listed("Frameworks")).toEqual(Object.keys(FRAMEWORKS));
    const modules = sorted(Object.values(FRAMEWORKS));
    const withoutNest = modules.filter((name) => name !== "nest");
    expect(exported("adapters")).toEqual(withoutNest);
    expect(inTable("docs/adapters.md", /`micropie\/adapters\/([\w-]+)`/)).toEqual(withoutNest);
    const suites = [...tested("test/adapters/*.suite.test.ts"), ...tested("test/guides/*.test.ts")];
    expect(sorted(suites.map((name) => name.replace(/-mounts$/, "")))).toEqual(modules);
    // With a page each; those without a framework share one.
    const alone = modules.filter((name) => name !== "node" && name !== "fetch");
    expect(tested("docs/adapters/*.md").filter((name) => name !== "own")).toEqual(alone);
  });

  test("the versions of frameworks that adapters.md names are those that are tested", () => {
    const { devDependencies } = manifest;
    const named = read("docs/adapters.md").matchAll(
      /^\| (Express|Fastify|Koa|Hono|h3|Elysia) v?([\d.]+)(?: and (\d+))?/gm,
    );
    const rows = Array.from(named);
    expect(rows).toHaveLength(6);
    for (const [, name, version, older] of rows) {
      expect(devDependencies[name!.toLowerCase()], name).toMatch(new RegExp(`^\\^${version}\\.`));
      if (older !== undefined)
        expect(devDependencies[`${name!.toLowerCase()}${older}`]).toContain(`@^${older}.`);
    }
  });

  test("stores", () => {
    expect(listed("Stores")).toEqual(Object.keys(STORES));
    const modules = sorted([...Object.values(STORES), ...BESIDE_STORES]);
    expect(exported("backends")).toEqual(modules);
    const page = read("docs/backends.md");
    const table = /\| sessions in[\s\S]*?\n\n/.exec(page)![0];
    const imports = Array.from(table.matchAll(/^\|[^|]*\| `([\w-]+)` \|/gm), ([, name]) => name);
    expect(sorted(imports)).toEqual(modules.filter((name) => name !== "encrypted" && name !== "moving"));
    expect(page).toContain("(`encrypted`)");
    expect(page).toContain("`moving` [moves sessions");
    const suites = tested("test/backends/*.suite.test.ts").map((name) =>
      name.replace(/-(servers|drivers)$/, ""),
    );
    const own: Record<string, string> = { "load-save": "backend", own: "full" };
    expect(sorted(suites.map((name) => own[name] ?? name))).toEqual(modules);
  });

  test("libraries whose sessions move here", () => {
    const modules = sorted(listed("Moves here").map((name) => MOVES[name] ?? name));
    expect(["move", ...modules].sort()).toEqual(exported("legacy"));
    expect(inTable("docs/migrate.md", /`(?:micropie\/legacy|…)\/([\w-]+)`/)).toEqual(modules);
    expect(tested("test/legacy/*.test.ts")).toEqual(expect.arrayContaining(modules));
  });

  test("runtimes", () => {
    const { optionalDependencies: places = {} } = json("test/runtimes/package.json");
    const version = (name: RegExp) => {
      const place = Object.keys(places).find((key) => name.test(key));
      return /[\d.]+$/.exec(places[place!]!)![0];
    };
    const nodes = [
      version(/^node22-linux-x64/),
      manifest.devDependencies.node!,
      version(/^node26-linux-x64/),
    ];
    const majors = nodes.map((node) => `Node ${node.split(".")[0]}`);
    expect(listed("Runtimes")).toEqual([...majors, "Bun", "Deno", "Cloudflare Workers"]);
    const minor = nodes.map((node) => node.split(".").slice(0, 2).join("."));
    const workerd = /^\d+\.(\d{8}\.\d)/.exec(json("test/drivers/package.json").dependencies!.miniflare!)![1]!;
    expect(read("docs/runtimes.md").replace(/\s+/g, " ")).toContain(
      `Tested versions: Node ${minor[0]}, ${minor[1]} and ${minor[2]}, Bun ${version(/^@oven\/bun-/)}, ` +
        `Deno ${version(/^@deno\//)} and workerd 1.${workerd.replace(/\.0$/, "")}`,
    );
    const needs = manifest.engines.node.replace(">=", "");
    expect(read("docs/guide.md")).toContain(`which needs Node ${needs} or newer`);
    expect(read("docs/runtimes.md")).toContain(`**Node** ${needs} or newer.`);
  });

  test("every module that a page names is exported", () => {
    const wrong = pages.flatMap((page) =>
      Array.from(
        read(page).matchAll(/\bmicropie\/((?:adapters|backends|compat|legacy|testing)[\w/-]*)(?!…)/g),
      )
        .map(([, path]) => path!.replace(/\/$/, ""))
        .filter((path) => !isFolder(path) && !(`./${path}` in manifest.exports))
        .map((path) => `${page}: micropie/${path}`),
    );
    expect(wrong).toEqual([]);
  });

  test("every back-end class that a page names is exported, or made on that page or in an example", () => {
    const names = read("test/package.exports.txt");
    const examples = files("examples/*.ts").map(read).join("\n");
    const wrong = pages.flatMap((page) => {
      const made = read(page) + examples;
      return Array.from(read(page).matchAll(/\b[A-Z]\w*SessionBackend\b/g), ([name]) => name)
        .filter((name) => !names.includes(`  ${name}\n`) && !made.includes(`class ${name} `))
        .map((name) => `${page}: ${name}`);
    });
    expect(wrong).toEqual([]);
  });
});

const isFolder = (path: string) => ["adapters", "backends", "compat", "legacy"].includes(path);

describe("what the docs say is missing is missing:", () => {
  const there = [...Object.keys(manifest.exports), read("test/package.exports.txt")].join("\n").toLowerCase();
  /** The words of a list that name something: without "back-ends for", "and", "page" ... */
  const things = (items: readonly string[]) =>
    items
      .flatMap((item) => item.split(/ and | for |\s/))
      .filter((word) => !/^(an?|the|back-ends|page|npm)?$/.test(word));

  test("the list of the README", () => {
    const missing = things(listed("Not yet"));
    expect(missing).toEqual(["registry", "MongoDB", "DynamoDB"]);
    for (const name of missing) expect(there, name).not.toContain(name.toLowerCase().replace(/s$/, ""));
  });

  test("every page says the same", () => {
    const sentences = [
      ["docs/backends/bridges.md", /\*\*(\w+) and (\w+)\*\* have no back-end of their own/],
    ] as const;
    for (const [page, sentence] of sentences) {
      const [, ...names] = sentence.exec(read(page)) ?? expect.fail(`${page} does not say ${sentence}`);
      for (const name of names) expect(there, page).not.toMatch(new RegExp(`\\b${name}`, "i"));
    }
  });
});
