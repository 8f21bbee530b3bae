import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const folder = new URL("drivers/", import.meta.url);

/**
 * Before all tests: installs the drivers that they need, once. `npm ci` of the package leaves them out: where a package
 * has native code, npm compiles it although it comes ready-made, and so would want a compiler on every machine.
 */
export default function installDrivers(): void {
  const wanted = createRequire(folder)("./package.json") as { dependencies: Record<string, string> };
  const isThere = ([name, version]: [string, string]) => {
    try {
      return (
        (createRequire(folder)(`./node_modules/${name}/package.json`) as { version: string }).version ===
        version
      );
    } catch {
      return false;
    }
  };
  if (Object.entries(wanted.dependencies).every(isThere)) return;
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status, stderr } = spawnSync(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: fileURLToPath(folder),
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) throw new Error(`The drivers of test/drivers could not be installed:\n${stderr}`);
}

/** A driver that was installed so. */
export function driver<T>(name: string): T {
  return createRequire(folder)(name) as T;
}
