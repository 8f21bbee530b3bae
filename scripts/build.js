// Compiles src/ to dist/. With --if-needed, only when dist/ is missing or older than what it is made of.
// dist/ is replaced in one step, so nobody who imports it meanwhile sees half of it. Comments are left to the
// declarations, where editors look for them, and declarations to what can be imported: half the package would be those.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const stamp = join(dist, "index.js");

/** Returns the compiler's exit code; 0 if there was nothing to do. */
export function build({ ifNeeded = false } = {}) {
  if (ifNeeded && isCurrent()) return 0;
  const fresh = join(root, ".tmp", `dist-${process.pid}`);
  const old = join(root, ".tmp", `dist-${process.pid}-old`);
  mkdirSync(fresh, { recursive: true });
  try {
    const status =
      compile(fresh, ["--declaration", "false", "--isolatedDeclarations", "false", "--removeComments"]) ||
      compile(fresh, ["--emitDeclarationOnly"]);
    if (status !== 0) return status;
    removePrivateDeclarations(fresh);
    // Another process has built the same meanwhile, and may be loading it.
    if (ifNeeded && isCurrent()) return 0;
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

/** Removes each declaration file that none of the package's entries leads to. */
function removePrivateDeclarations(folder) {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const published = new Set();
  const visit = (path) => {
    if (published.has(path)) return;
    published.add(path);
    for (const [, target] of readFileSync(path, "utf8").matchAll(/(?:from |import\()"(\.[^"]+)\.[jt]s"/g)) {
      visit(join(dirname(path), `${target}.d.ts`));
    }
  };
  for (const entry of Object.values(exports)) {
    if (entry.types !== undefined) visit(join(folder, entry.types.replace(/^\.\/dist\//, "")));
  }
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, name);
    if (name.endsWith(".d.ts") && !published.has(path)) rmSync(path);
  }
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

function isCurrent() {
  return existsSync(stamp) && statSync(stamp).mtimeMs > newest();
}

/** When a source or a setting was last changed, in milliseconds. */
function newest() {
  const settings = ["package.json", "tsconfig.json", "tsconfig.build.json"].map((name) => join(root, name));
  const sources = readdirSync(join(root, "src"), { recursive: true }).map((name) => join(root, "src", name));
  return Math.max(...[...settings, ...sources].map((path) => statSync(path).mtimeMs));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = build({ ifNeeded: process.argv.includes("--if-needed") });
}
