// Makes a release: npm run release -- 0.2.0 [--dry-run]. The version may be left out for one that package.json has and the
// changelog has not. It rehearses in a clone, with the build, both packages and their checks; then it writes the version and the
// changelog, commits and tags. A workflow publishes the tag (.github/workflows/release.yml). --dry-run ends after the rehearsal.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

const root = process.cwd();
const read = (path) => readFileSync(join(root, path), "utf8");
const git = (...args) => execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();

class Refusal extends Error {}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { "dry-run": { type: "boolean" } },
  });
  release(positionals, values["dry-run"] === true);
} catch (error) {
  if (!(error instanceof Refusal) && error.code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION") throw error;
  console.error(`No release: ${error.message}`);
  process.exitCode = 1;
}

function release([asked, ...more], isDry) {
  if (more.length > 0) throw new Refusal(`One version, not ${more.length + 1}.`);
  if (git("status", "--porcelain") !== "")
    throw new Refusal("There are changes that are not committed. Commit or stash them.");
  const before = JSON.parse(read("package.json")).version;
  const version = versionOf(asked, before);
  const files = edits(before, version);
  const packages = rehearse(files);

  console.log(`${isDry ? "A release would be" : "Release"} ${version}`);
  for (const path of Object.keys(files)) console.log(`  write   ${path}`);
  for (const { name, size, files: packed } of packages)
    console.log(`  pack    ${name} ${version}: ${packed.length} files, ${(size / 1000).toFixed(1)} kB`);
  console.log(`  commit  Release ${version}\n  tag     v${version}`);
  if (isDry) return console.log("Nothing was changed.");

  for (const [path, text] of Object.entries(files)) writeFileSync(join(root, path), text);
  git("commit", "--quiet", "-m", `Release ${version}`, "--", ...Object.keys(files));
  git("tag", "-a", `v${version}`, "-m", `Release ${version}`);
  console.log("Publish it with: git push --follow-tags");
}

/** Returns the version to release: the asked one, or that of package.json. Throws Refusal if it is not a new one. */
function versionOf(asked, before) {
  const released = Array.from(read("CHANGELOG.md").matchAll(/^## (\d+\.\d+\.\d+)/gm), ([, each]) => each);
  const tagged = git("tag", "--list", "v*")
    .split("\n")
    .filter(Boolean)
    .map((tag) => tag.slice(1));
  const known = [...released, ...tagged];
  const version = asked ?? before;
  if (asked === undefined && known.includes(before))
    throw new Refusal(`${before} is released. Say which version is next: npm run release -- 1.2.3`);
  if (!/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.test(version))
    throw new Refusal(`"${version}" is no version such as 1.2.3.`);
  const notOver = known.find((each) => compare(version, each) <= 0);
  if (notOver !== undefined)
    throw new Refusal(`${version} is not greater than ${notOver}, which is released.`);
  if (compare(version, before) < 0) throw new Refusal(`${version} is less than ${before} in package.json.`);
  return version;
}

function compare(one, other) {
  const [a, b] = [one, other].map((version) => version.split(".").map(Number));
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}

/** Returns the new text of each file that changes. */
function edits(before, version) {
  const files = {};
  const edit = (path, change) => {
    const text = read(path);
    const changed = change(text);
    if (changed !== text) files[path] = changed;
  };
  edit("CHANGELOG.md", (text) => {
    const [, section] = /^## Unreleased\n([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(text) ?? [];
    if (section === undefined) throw new Refusal('CHANGELOG.md has no section "## Unreleased".');
    if (section.trim() === "") throw new Refusal('The section "## Unreleased" of CHANGELOG.md is empty.');
    const today = new Date().toISOString().slice(0, 10);
    return text.replace(/^## Unreleased\n/m, `## ${version} (${today})\n`);
  });
  for (const path of ["package.json", "create/package.json"])
    edit(path, (text) => text.replace(/^ {2}"version": "[^"]+"/m, `  "version": "${version}"`));
  edit("package-lock.json", (text) => {
    const lock = JSON.parse(text);
    lock.version = lock.packages[""].version = version;
    return `${JSON.stringify(lock, null, 2)}\n`;
  });
  // What names the packed file, or depends on this version.
  for (const path of git(
    "ls-files",
    "--",
    "docs/*.md",
    "examples/*package.json",
    "examples/*package-lock.json",
  ).split("\n"))
    edit(path, (text) =>
      text
        .replaceAll(`micropie-${before}.tgz`, `micropie-${version}.tgz`)
        .replaceAll(`"micropie": "^${before}"`, `"micropie": "^${version}"`),
    );
  return files;
}

/** Builds, packs and checks in a clone that has the new files. Throws Refusal if anything fails. */
function rehearse(files) {
  mkdirSync(join(root, ".tmp"), { recursive: true });
  const clone = mkdtempSync(join(root, ".tmp", "release-"));
  try {
    git("clone", "--quiet", "--no-hardlinks", root, clone);
    symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
    for (const [path, text] of Object.entries(files)) writeFileSync(join(clone, path), text);
    const run = (cwd, ...args) => {
      const { status, stdout, stderr } = spawnSync("npm", args, {
        cwd,
        encoding: "utf8",
        env: environment(),
      });
      if (status !== 0) throw new Refusal(`npm ${args.join(" ")} failed:\n${stdout}${stderr}`);
      return stdout;
    };
    run(clone, "run", "build");
    run(clone, "run", "package");
    const pack = (folder) => JSON.parse(run(folder, "pack", "--json", "--ignore-scripts"))[0];
    return [pack(clone), pack(join(clone, "create"))];
  } finally {
    rmSync(clone, { recursive: true, force: true });
  }
}

/** The variables of this process, in which the Node that runs this comes first. */
function environment() {
  return { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
}
