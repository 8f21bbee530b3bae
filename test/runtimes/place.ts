import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureDist, root } from "../_command.ts";

/** A project with the built package installed, and the suite in it. */
export interface Place {
  readonly folder: string;
  /** The path of a file of the suite. */
  file(name: string): string;
  remove(): void;
}

/** The modules of micropie that the files in a folder import, by their paths. */
function importedBy(folder: string): string[] {
  const texts = globSync("**/*.ts", { cwd: folder }).map((file) => readFileSync(join(folder, file), "utf8"));
  const found = texts.flatMap((text) => [...text.matchAll(/["']micropie\/([\w/-]+)["']/g)]);
  return [...new Set(found.map(([, path]) => path!))];
}

/** Makes one inside of the repository, where the packages that ours depends on are found. */
export function openPlace(): Place {
  ensureDist();
  mkdirSync(join(root, ".tmp"), { recursive: true });
  const folder = mkdtempSync(join(root, ".tmp", "runtimes-"));
  const installed = join(folder, "node_modules", "micropie");
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: object };
  // In the same places to each other as here.
  const suite = join(folder, "runtimes", "suite");
  cpSync(join(root, "test", "runtimes", "suite"), suite, { recursive: true });
  cpSync(join(root, "test", "engine"), join(folder, "engine"), { recursive: true });
  for (const name of ["_redis.ts", "_postgres.ts", "_mysql.ts"]) {
    cpSync(join(root, "test", "backends", name), join(folder, "backends", name));
  }
  // The engine's cases import modules that the package does not export.
  const inner = importedBy(folder).filter((path) => !Object.hasOwn(manifest.exports, `./${path}`));
  const dist = join(installed, "dist");
  const bundle = [join(root, "scripts", "bundle.js"), join(root, ".tmp", "modules"), dist, ...inner];
  execFileSync(process.execPath, bundle);
  const more = inner.map((path) => [`./${path}`, `./dist/${path}.js`]);
  const exports = { ...manifest.exports, ...Object.fromEntries(more) };
  writeFileSync(join(installed, "package.json"), JSON.stringify({ ...manifest, exports }));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  // Else Bun and esbuild take the repository's, which says that the package is its sources.
  writeFileSync(join(folder, "tsconfig.json"), "{}\n");
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  return { folder, file: (name) => join(suite, name), remove };
}
