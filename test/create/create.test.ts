import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { root } from "../_command.ts";
import { create, temporaryFolder } from "./_command.ts";

const { path: here, remove } = temporaryFolder();
afterAll(remove);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly author: string;
  readonly engines: { readonly node: string };
  readonly scripts: Record<string, string>;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}
const json = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Manifest;
const own = json(join(root, "create/package.json"));
const micropie = json(join(root, "package.json"));

const FRAMEWORKS = ["app", "express", "fastify", "hono", "koa", "node"];
const STORES = ["memory", "postgres", "redis", "sqlite"];

describe("npm create micropie", () => {
  test("without questions, writes Express and SQLite, and says what comes next", () => {
    const { status, out, err } = create(here, "--yes");
    expect({ status, err }).toEqual({ status: 0, err: "" });
    const folder = join(here, "micropie-app");
    const { name, scripts, dependencies } = json(join(folder, "package.json"));
    expect(name).toBe("micropie-app");
    expect(dependencies).toMatchObject({ micropie: `^${micropie.version}`, express: expect.any(String) });
    expect(readFileSync(join(folder, "src/store.ts"), "utf8")).toContain("micropie/backends/sqlite");
    const [, password] = /^DEMO_PASSWORD=(\S{12})$/m.exec(readFileSync(join(folder, ".env"), "utf8"))!;
    expect(out).toContain(`with the password ${password}`);
    for (const [, script] of out.matchAll(/npm (?:run )?(dev|test)/g))
      expect(scripts).toHaveProperty(script!);
    expect(out).toContain("cd micropie-app\n");
    expect(readdirSync(folder).sort()).toEqual(
      [".dockerignore", ".env", ".gitignore", "Dockerfile", "README.md"].concat([
        "package.json",
        "src",
        "test",
        "tsconfig.json",
      ]),
    );
  });

  test("no secret is committed or put into the image", () => {
    for (const name of [".gitignore", ".dockerignore"]) {
      const lines = readFileSync(join(here, "micropie-app", name), "utf8").split("\n");
      expect(lines, name).toContain(".env");
    }
  });

  test("each project has a password of its own", () => {
    for (const name of ["one", "two"]) expect(create(here, name, "--yes").status).toBe(0);
    const [one, two] = ["one", "two"].map((name) => readFileSync(join(here, name, ".env"), "utf8"));
    expect(one).not.toBe(two);
  });

  test.each(FRAMEWORKS.flatMap((framework) => STORES.map((store) => [framework, store] as const)))(
    "%s with %s: the README and the Dockerfile are filled in, and name what is there",
    (framework, store) => {
      const folder = join(here, `${framework}-${store}`);
      expect(create(here, `${framework}-${store}`, "-f", framework, "-s", store).status).toBe(0);
      for (const path of globSync("{README.md,Dockerfile}", { cwd: folder }))
        expect(readFileSync(join(folder, path), "utf8"), path).not.toMatch(/\{\{|undefined\n/);
      const text = readFileSync(join(folder, "README.md"), "utf8");
      for (const [, path] of text.matchAll(/^\| `(\w+\/[\w.]*)` \|/gm))
        expect(existsSync(join(folder, path!)), path).toBe(true);
      const variables = Array.from(text.matchAll(/^\| (`[A-Z_`, ]+`) \|/gm), ([, names]) => names!);
      const code = globSync("src/*.ts", { cwd: folder })
        .map((path) => readFileSync(join(folder, path), "utf8"))
        .join("\n");
      for (const name of variables.join(" ").match(/[A-Z_]+/g)!) expect(code).toContain(name);
      const scripts = Object.keys(json(join(folder, "package.json")).scripts);
      for (const [, script] of text.matchAll(/npm run (\w+)/g)) expect(scripts).toContain(script);
    },
  );

  test("a folder that is there and empty is taken, also one with .git alone, and also this one", () => {
    const folder = join(here, "fresh");
    mkdirSync(join(folder, ".git"), { recursive: true });
    const { status, out } = create(folder, ".", "--yes");
    expect(status).toBe(0);
    expect(out).not.toContain("cd ");
    expect(json(join(folder, "package.json")).name).toBe("fresh");
  });

  test.each([
    ["My Shop!", "my-shop"],
    ["_hidden.", "hidden"],
    ["@@@", "app"],
  ])("the folder %s becomes the package %s", (folder, name) => {
    expect(create(here, folder, "--yes").status).toBe(0);
    expect(json(join(here, folder, "package.json")).name).toBe(name);
  });

  test("a packed micropie comes along, and the image takes it", () => {
    const tarball = join(here, "micropie-9.9.9.tgz");
    writeFileSync(tarball, "packed");
    expect(create(here, "packed", "--yes", "--micropie", "micropie-9.9.9.tgz").status).toBe(0);
    const folder = join(here, "packed");
    expect(json(join(folder, "package.json")).dependencies!.micropie).toBe("file:micropie-9.9.9.tgz");
    expect(readFileSync(join(folder, "micropie-9.9.9.tgz"), "utf8")).toBe("packed");
    expect(readFileSync(join(folder, "Dockerfile"), "utf8")).toMatch(/^COPY .* micropie-9\.9\.9\.tgz \.\/$/m);
  });

  test("--help names every choice, and --version the version", () => {
    const { status, out } = create(here, "--help");
    expect(status).toBe(0);
    for (const name of [...FRAMEWORKS, ...STORES]) expect(out).toContain(name);
    expect(create(here, "--version").out.trim()).toBe(own.version);
  });
});

describe("writes nothing", () => {
  test("over what is there", () => {
    const folder = join(here, "taken");
    mkdirSync(folder);
    writeFileSync(join(folder, "notes.txt"), "mine");
    const { status, out, err } = create(here, "taken", "--yes");
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toBe("create-micropie: taken is not empty: it has notes.txt. Nothing was written.\n");
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
  });

  test.each([
    ["a file", ["taken/notes.txt", "--yes"], 1, "taken/notes.txt is a file"],
    ["a micropie that is not there", ["new", "--yes", "--micropie", "gone.tgz"], 1, "there is no file"],
    ["an unknown option", ["new", "--framwork", "koa"], 2, "Unknown option '--framwork'"],
    [
      "an unknown framework",
      ["new", "-f", "rails"],
      2,
      '--framework is one of express, fastify, koa, hono, app, node, not "rails"',
    ],
    ["a name that every object has", ["new", "-f", "constructor"], 2, 'not "constructor"'],
    [
      "an unknown store",
      ["new", "-s", "mongo"],
      2,
      '--store is one of sqlite, memory, redis, postgres, not "mongo"',
    ],
    ["an option without its value", ["new", "--store"], 2, "argument missing"],
    ["two folders", ["new", "newer", "--yes"], 2, "expected one folder, got two: new newer"],
    ["an empty folder name", ["", "--yes"], 2, "the folder must not be empty"],
    ["no terminal to ask in", [], 2, "give a folder, --framework, --store, or --yes"],
    ["no terminal to ask the rest in", ["new", "-f", "koa"], 2, "give --store, or --yes"],
  ] as const)("for %s", (_, args, exitCode, message) => {
    const before = readdirSync(here).sort();
    const { status, out, err } = create(here, ...args);
    expect({ status, out }).toEqual({ status: exitCode, out: "" });
    expect(err).toContain(message);
    expect(err).not.toMatch(/^ {4}at /m);
    if (exitCode === 2) expect(err).toContain("npm create micropie -- --help");
    expect(readdirSync(here).sort()).toEqual(before);
  });
});

test("is packed with its templates and nothing else", () => {
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--dry-run"], {
      cwd: join(root, "create"),
      encoding: "utf8",
      stdio: "pipe",
    }),
  ) as { size: number; files: { path: string; mode: number }[] }[];
  expect(packed!.size).toBeLessThan(25_000);
  const paths = packed!.files.map(({ path }) => path);
  const templates = globSync("templates/*/**", { cwd: join(root, "create"), withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name).slice(join(root, "create/").length));
  expect(paths.filter((path) => /^templates\/.*\//.test(path)).sort()).toEqual(templates.sort());
  expect(paths.filter((path) => !path.startsWith("templates/")).sort()).toEqual(
    ["LICENSE", "README.md", "index.js", "package.json"]
      .concat(globSync("lib/*.js", { cwd: join(root, "create") }))
      .sort(),
  );
  expect(paths).toContain("templates/dependencies.json");
  expect(packed!.files.find(({ path }) => path === "index.js")!.mode & 0o111).not.toBe(0);
});

test("is released with micropie: the same version, license and Node, and the packages that are tested here", () => {
  const { version, license, author, engines } = micropie;
  expect(own).toMatchObject({ version, license, author, engines });
  expect(readFileSync(join(root, "create/LICENSE"), "utf8")).toBe(
    readFileSync(join(root, "LICENSE"), "utf8"),
  );
  const asked = Object.values(
    JSON.parse(readFileSync(join(root, "create/templates/dependencies.json"), "utf8")) as Record<
      string,
      Manifest
    >,
  ).map((part) => ({ ...part.dependencies, ...part.devDependencies }));
  expect(micropie.devDependencies).toMatchObject(Object.assign({}, own.dependencies, ...asked));
});
