import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureDist, root } from "../_command.ts";

/** A project with the built package installed, and the suite in it. */
export interface Place {
  readonly folder: string;
  /** The path of a file of the suite. */
  file(name: string): string;
  remove(): void;
}

/** Makes one inside of the repository, where the packages that ours depends on are found. */
export function openPlace(): Place {
  ensureDist();
  mkdirSync(join(root, ".tmp"), { recursive: true });
  const folder = mkdtempSync(join(root, ".tmp", "runtimes-"));
  const installed = join(folder, "node_modules", "micropie");
  cpSync(join(root, "dist"), join(installed, "dist"), { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { exports: object };
  // The engine's cases import modules that the package does not export.
  const exports = { ...manifest.exports, "./*": "./dist/*.js" };
  writeFileSync(join(installed, "package.json"), JSON.stringify({ ...manifest, exports }));
  // In the same places to each other as here.
  const suite = join(folder, "runtimes", "suite");
  cpSync(join(root, "test", "runtimes", "suite"), suite, { recursive: true });
  cpSync(join(root, "test", "engine"), join(folder, "engine"), { recursive: true });
  for (const name of ["_redis.ts", "_postgres.ts", "_mysql.ts"]) {
    cpSync(join(root, "test", "backends", name), join(folder, "backends", name));
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  // Else Bun and esbuild take the repository's, which says that the package is its sources.
  writeFileSync(join(folder, "tsconfig.json"), "{}\n");
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  return { folder, file: (name) => join(suite, name), remove };
}
