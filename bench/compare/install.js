/**
 * Installs what the comparison needs and is not there: the packages of the repository, which bring Node 24, and those of this
 * folder. Runs on any Node from 20 on.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

for (const folder of ["../../", "./"]) {
  const cwd = new URL(folder, import.meta.url);
  if (isInstalled(cwd)) continue;
  const { name } = JSON.parse(readFileSync(new URL("package.json", cwd), "utf8"));
  process.stderr.write(`Installing what ${name} needs\n`);
  const shell = process.platform === "win32";
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status } = spawnSync("npm", args, { cwd: fileURLToPath(cwd), stdio: ["ignore", 2, 2], shell });
  if (status !== 0) process.exit(status ?? 1);
}

/** Whether every package of the lock file is there in its version; what is optional may be for another machine. */
function isInstalled(folder) {
  const hidden = new URL("node_modules/.package-lock.json", folder);
  if (!existsSync(hidden)) return false;
  const packagesIn = (file) => JSON.parse(readFileSync(file, "utf8")).packages;
  const there = packagesIn(hidden);
  return Object.entries(packagesIn(new URL("package-lock.json", folder))).every(
    ([path, { version, optional, peer, link }]) =>
      !path.startsWith("node_modules/") || optional || peer || link || there[path]?.version === version,
  );
}
