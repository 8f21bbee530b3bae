import { createRequire } from "node:module";
import { install } from "./_install.ts";

const folder = new URL("drivers/", import.meta.url);

/**
 * Before all tests: installs the drivers that they need, once. `npm ci` of the package leaves them out: where a package
 * has native code, npm compiles it although it comes ready-made, and so would want a compiler on every machine.
 */
export default function installDrivers(): Promise<void> {
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
  return install(folder, () => Object.entries(wanted.dependencies).every(isThere));
}

/** A driver that was installed so. */
export function driver<T>(name: string): T {
  return createRequire(folder)(name) as T;
}
