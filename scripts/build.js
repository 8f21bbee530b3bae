// Compiles src/ to dist/. With --if-needed, only when dist/ is missing or older than what it is made of.
// dist/ is replaced in one step, so nobody who imports it meanwhile sees half of it. Of builds at the same time, one goes
// first, and those that wait for it find that they have nothing to do. Comments are left to the
// declarations, where editors look for them, and declarations to what can be imported: half the package would be those.
// scripts/bundle.js makes the code.
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
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MODULES } from "./bundle.js";
import { pruneDeclarations } from "./declarations.js";
import { once } from "./lock.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const stamp = join(dist, "index.js");
const lock = join(root, ".tmp", "building");

/** Returns the compiler's exit code; 0 if there was nothing to do. */
export function build({ ifNeeded = false } = {}) {
  const isNeeded = () => !ifNeeded || !existsSync(stamp) || statSync(stamp).mtimeMs <= newest();
  return once(lock, isNeeded, replace) ?? 0;
}

function replace() {
  const place = (name) => join(root, ".tmp", `${name}-${process.pid}`);
  const [fresh, old, modules] = [place("dist"), place("dist-old"), place("modules")];
  mkdirSync(fresh, { recursive: true });
  try {
    const status =
      compile(modules, ["--declaration", "false", "--isolatedDeclarations", "false", "--removeComments"]) ||
      run([join(root, "scripts", "bundle.js"), modules, fresh]) ||
      compile(fresh, ["--emitDeclarationOnly"]);
    if (status !== 0) return status;
    pruneDeclarations(fresh, entriesOf(fresh));
    widenDeclarations(join(fresh, "compat"));
    swap(modules, MODULES, old);
    swap(fresh, dist, old);
    return 0;
  } finally {
    for (const folder of [fresh, old, modules]) rmSync(folder, { recursive: true, force: true });
  }
}

function compile(outDir, options) {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  return run([tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", outDir, ...options]);
}

/** Runs a program of Node; returns its exit code. */
function run(args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" }).status ?? 1;
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

/** Puts a folder into the place of another one in one step. */
function swap(fresh, place, old) {
  rmSync(old, { recursive: true, force: true });
  if (existsSync(place)) renameSync(place, old);
  renameSync(fresh, place);
}

/** When a source or a setting was last changed, in milliseconds. */
function newest() {
  const settings = [
    "package.json",
    "tsconfig.json",
    "tsconfig.build.json",
    "scripts/build.js",
    "scripts/bundle.js",
    "scripts/declarations.js",
  ].map((name) => join(root, name));
  const sources = readdirSync(join(root, "src"), { recursive: true }).map((name) => join(root, "src", name));
  return Math.max(...[...settings, ...sources].map((path) => statSync(path).mtimeMs));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = build({ ifNeeded: process.argv.includes("--if-needed") });
}
