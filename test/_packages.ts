import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { readonly optional?: boolean }>;
}

/**
 * What npm installs for a package: the package itself, and all that it needs, each with the folder that has it. `sources`
 * are folders named node_modules; the first that has a package gives it. Throws if none has one that is needed.
 */
export function closureOf(name: string, sources: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  const add = (each: string, isNeeded: boolean): void => {
    if (found.has(each)) return;
    const source = sources.find((folder) => existsSync(join(folder, each, "package.json")));
    if (source === undefined) {
      if (isNeeded) throw new Error(`The tests have no package ${each}.`);
      return;
    }
    const folder = join(source, each);
    found.set(each, folder);
    for (const [needed, must] of neededBy(folder)) add(needed, must);
  };
  add(name, true);
  return found;
}

/** What a package and those inside of it need from beside it. */
function neededBy(folder: string): [name: string, must: boolean][] {
  const inside = packagesIn(join(folder, "node_modules"));
  const all = [folder, ...inside.map((name) => join(folder, "node_modules", name))].flatMap((path) => {
    const manifest = JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as Manifest;
    const peers = Object.keys(manifest.peerDependencies ?? {}).filter(
      (name) => !manifest.peerDependenciesMeta?.[name]?.optional,
    );
    const optional = Object.keys(manifest.optionalDependencies ?? {});
    const needed = Object.keys(manifest.dependencies ?? {}).filter((name) => !optional.includes(name));
    return [
      ...needed.map((name) => [name, true] as [string, boolean]),
      // A peer of a peer may be another framework's, and what is optional may not be made for this machine.
      ...[...peers, ...optional].map((name) => [name, false] as [string, boolean]),
    ];
  });
  return all.filter(([name]) => !inside.includes(name));
}

function packagesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => !name.startsWith("."))
    .flatMap((name) =>
      name.startsWith("@") ? readdirSync(join(folder, name)).map((each) => `${name}/${each}`) : [name],
    );
}

/** Makes `to` have the files of `from`: the same ones where that can be, else copies. */
export function linkTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) linkTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else {
      try {
        linkSync(source, target);
      } catch {
        copyFileSync(source, target);
      }
    }
  }
}
