import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { environment, root } from "./_command.ts";

/** A repository with one commit, which has everything that this one has. */
let clone: string;
let first: string;
const git = (...args: string[]) => execFileSync("git", args, { cwd: clone, encoding: "utf8" }).trim();
const read = (path: string) => readFileSync(join(clone, path), "utf8");
const write = (path: string, text: string) => writeFileSync(join(clone, path), text);
const manifest = (path = "package.json") => JSON.parse(read(path)) as Record<string, unknown>;

function commit(message: string): void {
  git("add", "-A");
  git("commit", "--quiet", "-m", message);
}

beforeAll(() => {
  clone = mkdtempSync(join(tmpdir(), "micropie-release-"));
  const left =
    /(^|\/)(node_modules|dist|\.tmp|\.git|\.next|\.svelte-kit|\.wrangler|\.vitest|\.cache)(\/|$)|\.(tgz|sqlite\S*)$/;
  cpSync(root, clone, { recursive: true, filter: (path) => !left.test(relative(root, path)) });
  execFileSync("git", ["init", "--quiet", "--initial-branch=main", clone]);
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
  write(".git/info/exclude", "node_modules\n");
  for (const [name, value] of Object.entries({
    "user.name": "A Maintainer",
    "user.email": "maintainer@example.invalid",
    "commit.gpgsign": "false",
    "tag.gpgsign": "false",
  }))
    git("config", name, value);
  commit("Everything");
  first = git("rev-parse", "HEAD");
  return () => rmSync(clone, { recursive: true, force: true });
});

let before: string;
beforeEach(() => {
  before = git("rev-parse", "HEAD");
});
afterEach(() => {
  git("reset", "--hard", "--quiet", first);
  git("clean", "-fdq");
  for (const tag of git("tag").split("\n").filter(Boolean)) git("tag", "-d", tag);
});

function release(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/release.js", ...args], {
    cwd: clone,
    env: environment(),
    encoding: "utf8",
  });
  return { status, out: stdout, err: stderr };
}

const PACKED =
  /^ {2}pack {4}micropie 0\.2\.0: (\d+) files, \d+\.\d kB\n {2}pack {4}create-micropie 0\.2\.0: \d+ files, \d+\.\d kB$/m;

test("a dry run prints what it would do, and changes nothing", () => {
  // The next test has the real build and the real checks, which take a minute.
  for (const script of ["build", "package"])
    write(
      "package.json",
      read("package.json").replace(new RegExp(`"${script}": ".*"`), `"${script}": "node --version"`),
    );
  commit("Build nothing");
  const at = git("rev-parse", "HEAD");
  const { status, out, err } = release("0.2.0", "--dry-run");
  expect(err).toBe("");
  expect(status).toBe(0);
  expect(out).toMatch(/^A release would be 0\.2\.0$/m);
  for (const path of [
    "CHANGELOG.md",
    "package.json",
    "create/package.json",
    "package-lock.json",
    "docs/guide.md",
  ])
    expect(out).toContain(`  write   ${path}\n`);
  expect(out).toMatch(PACKED);
  expect(out).toContain("  commit  Release 0.2.0\n  tag     v0.2.0\nNothing was changed.\n");
  expect(git("rev-parse", "HEAD")).toBe(at);
  expect(git("status", "--porcelain")).toBe("");
  expect(git("tag")).toBe("");
});

test("a release builds, packs and checks both packages, writes the version and the changelog, commits and tags, and the next one needs a greater version", () => {
  const day = () => new Date().toISOString().slice(0, 10);
  const begun = day();
  const { status, out, err } = release("0.2.0");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(Number(PACKED.exec(out)?.[1])).toBeGreaterThan(100);
  expect(git("status", "--porcelain")).toBe("");
  expect(git("log", "-1", "--format=%s")).toBe("Release 0.2.0");
  expect(git("rev-parse", "HEAD^")).toBe(before);
  expect(git("rev-parse", "v0.2.0^{commit}")).toBe(git("rev-parse", "HEAD"));
  expect([manifest().version, manifest("create/package.json").version]).toEqual(["0.2.0", "0.2.0"]);
  const lock = manifest("package-lock.json") as {
    version: string;
    packages: Record<string, { version: string }>;
  };
  expect([lock.version, lock.packages[""]!.version]).toEqual(["0.2.0", "0.2.0"]);
  const [, date] = /\n## 0\.2\.0 \((.+)\)\n/.exec(read("CHANGELOG.md")) ?? [];
  expect([begun, day()]).toContain(date);
  expect(read("CHANGELOG.md")).not.toContain("## Unreleased");
  for (const page of ["docs/guide.md", "docs/start.md"])
    expect(read(page)).not.toContain("micropie-0.1.0.tgz");

  expect(release("0.2.0").err).toContain("0.2.0 is not greater than 0.2.0, which is released.");
  expect(release().err).toContain("0.2.0 is released. Say which version is next");
  expect(release("0.3.0").err).toContain('CHANGELOG.md has no section "## Unreleased".');
});

describe("refuses", () => {
  test.each([
    ["a dirty tree", ["0.2.0"], () => write("new.txt", ""), "changes that are not committed"],
    ["what is no version", ["next"], () => {}, '"next" is no version such as 1.2.3.'],
    ["a version with a leading zero", ["0.02.0"], () => {}, "is no version"],
    ["a version below that of package.json", ["0.0.9"], () => {}, "0.0.9 is less than"],
    [
      "a version below one that is tagged",
      ["0.9.0"],
      () => void git("tag", "v0.10.0"),
      "is not greater than 0.10.0",
    ],
    ["two versions", ["0.2.0", "0.3.0"], () => {}, "One version, not 2."],
    ["an unknown option", ["--dryrun"], () => {}, "Unknown option '--dryrun'"],
    [
      "a changelog without what is unreleased",
      ["0.2.0"],
      () => {
        write("CHANGELOG.md", read("CHANGELOG.md").replace("## Unreleased", "## Soon"));
        commit("Rename the section");
      },
      'no section "## Unreleased"',
    ],
    [
      "an empty list of changes",
      ["0.2.0"],
      () => {
        write("CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n## 0.0.1 (2020-01-01)\n\n- One.\n");
        commit("Empty the section");
      },
      "is empty",
    ],
    [
      "code that does not compile",
      ["0.2.0"],
      () => {
        write("src/warning.ts", `${read("src/warning.ts")}\nconst wrong: number = "text";\n`);
        commit("Break the build");
      },
      "npm run build failed",
    ],
  ])("%s", (_, args, prepare, message) => {
    prepare();
    const at = git("rev-parse", "HEAD");
    const dirty = git("status", "--porcelain");
    const { status, err, out } = release(...args);
    expect({ status, out }).toEqual({ status: 1, out: "" });
    expect(err).toContain(message);
    expect([git("rev-parse", "HEAD"), git("status", "--porcelain")]).toEqual([at, dirty]);
    expect(git("tag")).not.toMatch(/v0\.2\.0/);
  });
});

describe("what the workflow publishes", () => {
  const published = (...args: string[]) =>
    spawnSync(process.execPath, ["scripts/published.js", ...args], { cwd: clone, encoding: "utf8" });

  test("has a README whose links are whole, each to a file that is there, and names the repository", () => {
    const relatives = Array.from(
      read("README.md").matchAll(/\]\((?!https?:|#)([^)\s]+)\)/g),
      ([, to]) => to!,
    );
    expect(relatives.length).toBeGreaterThan(15);
    const tag = `v${String(manifest().version)}`;
    expect(published("https://git.example/owner/micropie", tag).status).toBe(0);
    for (const folder of ["", "create/"]) {
      const targets = Array.from(read(`${folder}README.md`).matchAll(/\]\(([^)\s]+)\)/g), ([, to]) => to!);
      for (const target of targets) expect(target).toMatch(/^https:\/\//);
      for (const target of targets.filter((each) => each.startsWith("https://git.example/"))) {
        const [, path] = /^https:\/\/git\.example\/owner\/micropie\/blob\/v[\d.]+\/([^#]+)/.exec(target)!;
        expect(existsSync(join(clone, path!)), target).toBe(true);
      }
    }
    expect(manifest()).toMatchObject({ repository: { url: "git+https://git.example/owner/micropie.git" } });
    expect(manifest("create/package.json")).toMatchObject({ repository: { directory: "create" } });
  });

  test.each([
    ["a tag of another version", ["https://git.example/owner/micropie", "v9.9.9"], 1],
    ["no tag", ["https://git.example/owner/micropie"], 2],
    ["what is no repository", ["micropie", "v0.1.0"], 2],
  ])("is refused with %s", (_, args, exitCode) => {
    expect(published(...args).status).toBe(exitCode);
    expect(git("status", "--porcelain")).toBe("");
  });

  test("comes with provenance, from a workflow that npm trusts", () => {
    const workflow = read(".github/workflows/release.yml");
    expect(workflow).toMatch(/^ {2}id-token: write/m);
    expect(workflow).not.toMatch(/secrets\.|NODE_AUTH_TOKEN|NPM_TOKEN/);
    expect(workflow.match(/npm publish --provenance --access public$/gm)).toHaveLength(2);
    for (const [, script] of workflow.matchAll(/node (scripts\/\S+)/g))
      expect(existsSync(join(clone, script!))).toBe(true);
    for (const [, script] of workflow.matchAll(/npm run (\w+)$/gm))
      expect(manifest().scripts).toHaveProperty(script!);
  });
});

test("the metadata of both packages is complete", () => {
  for (const path of ["package.json", "create/package.json"]) {
    const own = manifest(path);
    for (const key of [
      "name",
      "version",
      "description",
      "keywords",
      "license",
      "author",
      "type",
      "engines",
      "files",
    ])
      expect(own, path).toHaveProperty(key);
  }
});
