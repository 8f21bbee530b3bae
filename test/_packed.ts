import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./_command.ts";

/**
 * The arguments of npm that install the packed package without the network: all that it needs is given from the repository, in
 * the versions that it would find there, as the cache of npm has no list of versions to choose from.
 */
export function installOffline(packed: string): string[] {
  const options = ["--offline", "--install-links", "--ignore-scripts", "--no-audit", "--no-fund"];
  return ["install", ...options, packed, ...neededBy(root).values()];
}

/** The folders of all packages that one needs, by their names. */
function neededBy(folder: string, found = new Map<string, string>()): Map<string, string> {
  const { dependencies = {} } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys(dependencies)) {
    const place = placeOf(name, folder);
    const known = found.get(name);
    if (known === place) continue;
    if (known !== undefined) throw new Error(`${name} is needed in two versions: ${known}, ${place}.`);
    found.set(name, place);
    neededBy(place, found);
  }
  return found;
}

/** Where Node finds a package: inside of the one that needs it, or beside one of those around it. */
function placeOf(name: string, from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, "node_modules", name);
    if (existsSync(join(place, "package.json"))) return place;
    if (folder === dirname(folder)) throw new Error(`There is no package ${name}. Run npm ci.`);
  }
}
