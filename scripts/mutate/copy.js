// A copy of the repository in which a file can be broken while nobody else sees it.
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Copies what git knows or would add, with changes that are not committed, and links the installed packages. */
export function makeCopy(root, folder) {
  rmSync(folder, { recursive: true, force: true });
  const list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
  const files = execFileSync("git", list, { cwd: root, encoding: "utf8" }).split("\0");
  for (const file of files) {
    if (file === "" || !existsSync(join(root, file))) continue;
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(join(root, file), join(folder, file));
  }
  // Each entry by itself, because vitest keeps its cache beside them.
  mkdirSync(join(folder, "node_modules"));
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name === ".vite" || name === ".vitest") continue;
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  }
}

/** Breaks one file, and returns what mends it. */
export function breakFile(folder, { file, find, replace }) {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  writeFileSync(
    path,
    text.replace(find, () => replace),
  );
  return () => writeFileSync(path, text);
}

/** Returns what is wrong with a mutant, or undefined if it can be applied. */
export function problemOf(root, { name, file, find, replace }) {
  if (!existsSync(join(root, file))) return `${name}: ${file} does not exist.`;
  const times = readFileSync(join(root, file), "utf8").split(find).length - 1;
  if (times !== 1) return `${name}: its text occurs ${times} times in ${file}.`;
  return find === replace ? `${name}: it changes nothing.` : undefined;
}
