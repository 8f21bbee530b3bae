// Compiles src/ to dist/. With --if-needed, only when dist/ is missing or older than what it is made of.
// dist/ is replaced in one step, so nobody who imports it meanwhile sees half of it. Of builds at the same time, one goes
// first, and those that wait for it find that they have nothing to do. Comments are left to the
// declarations, where editors look for them, and declarations to what can be imported: half the package would be those. Code
// is minified file by file. Functions and classes keep their names, and each has a line of its own, so that stacks can be read.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { minifySync, parseSync } from "rolldown/utils";
import { pruneDeclarations } from "./declarations.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const stamp = join(dist, "index.js");
const lock = join(root, ".tmp", "building");

/** Returns the compiler's exit code; 0 if there was nothing to do. */
export function build({ ifNeeded = false } = {}) {
  const isNeeded = () => !ifNeeded || !existsSync(stamp) || statSync(stamp).mtimeMs <= newest();
  if (!isNeeded()) return 0;
  mkdirSync(dirname(lock), { recursive: true });
  while (!take()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  try {
    return isNeeded() ? replace() : 0;
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Returns true if this process may build now. */
function take() {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (!isBuilding()) rmSync(lock, { force: true });
    return false;
  }
}

/** Returns false if the process that has the lock was killed. */
function isBuilding() {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    // It has just made the file.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
}

function replace() {
  const fresh = join(root, ".tmp", `dist-${process.pid}`);
  const old = join(root, ".tmp", `dist-${process.pid}-old`);
  mkdirSync(fresh, { recursive: true });
  try {
    const status =
      compile(fresh, ["--declaration", "false", "--isolatedDeclarations", "false", "--removeComments"]) ||
      compile(fresh, ["--emitDeclarationOnly"]);
    if (status !== 0) return status;
    minify(fresh);
    pruneDeclarations(fresh, entriesOf(fresh));
    widenDeclarations(join(fresh, "compat"));
    swap(fresh, old);
    return 0;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

function compile(outDir, options) {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const args = [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", outDir, ...options];
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;
}

function minify(folder) {
  const keepNames = { function: true, class: true };
  // Nothing but names of variables and white space: what a function does and how many arguments it takes stay as tested.
  const options = { module: true, compress: false, mangle: { toplevel: true, keepNames } };
  for (const name of readdirSync(folder, { recursive: true }).filter((each) => each.endsWith(".js"))) {
    const path = join(folder, name);
    const { code, errors } = minifySync(name, readFileSync(path, "utf8"), options);
    if (errors.length > 0) throw new Error(`${name}: ${errors[0].message}`);
    writeFileSync(path, lines(name, code));
  }
}

/** Returns the code with a line for each statement of the module. */
function lines(name, code) {
  const { body, hashbang } = parseSync(name, code).program;
  const statements = hashbang === null ? body : [hashbang, ...body];
  return `${statements.map(({ start, end }) => code.slice(start, end)).join("\n")}\n`;
}

/**
 * Makes the declarations of `compat` ones that TypeScript from 4.9 on reads, as applications with express-session may have
 * any: without names in quotes (5.6) and without imports of `.ts` (5.0). CommonJS gets declarations of its own.
 */
function widenDeclarations(folder) {
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".d.ts"))) {
    const text = readFileSync(join(folder, name), "utf8");
    const wide = text.replace(', session as "module.exports"', "").replace(/(from "\.[^"]+)\.ts"/g, '$1.js"');
    writeFileSync(join(folder, name), wide);
  }
  copyFileSync(join(root, "src", "compat", "drop-in.d.cts"), join(folder, "drop-in.d.cts"));
}

/** The declaration files that can be imported. */
function entriesOf(folder) {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const types = Object.values(exports).flatMap((entry) => entry.types ?? []);
  return types.map((path) => join(folder, path.replace(/^\.\/dist\//, "")));
}

function swap(fresh, old) {
  if (existsSync(dist)) renameSync(dist, old);
  try {
    renameSync(fresh, dist);
  } catch (error) {
    // Another build has put the same files there in between.
    if (!existsSync(stamp)) throw error;
  }
}

/** When a source or a setting was last changed, in milliseconds. */
function newest() {
  const settings = [
    "package.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "scripts/build.js",
    "scripts/declarations.js",
  ].map((name) => join(root, name));
  const sources = readdirSync(join(root, "src"), { recursive: true }).map((name) => join(root, "src", name));
  return Math.max(...[...settings, ...sources].map((path) => statSync(path).mtimeMs));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = build({ ifNeeded: process.argv.includes("--if-needed") });
}
