import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureDist, environment, root } from "./_command.ts";
import { installOffline } from "./_packed.ts";

/** What somebody has who has packed micropie: a folder `micropie` with the packed package in it. */
export interface Clone {
  /** The folder that it is in, where projects are made beside it. */
  readonly beside: string;
  /** Folders named node_modules, with the packed package as npm installs it, and the packages of the repository. */
  readonly sources: readonly string[];
  remove(): void;
}

export function openClone(): Clone {
  ensureDist();
  const beside = mkdtempSync(join(tmpdir(), "micropie-clone-"));
  const remove = () => rmSync(beside, { recursive: true, force: true });
  process.once("exit", remove);
  const clone = join(beside, "micropie");
  mkdirSync(clone);
  npm(root, "pack", "--ignore-scripts", "--pack-destination", clone);
  const [packed] = globSync("*.tgz", { cwd: clone });
  writeFileSync(join(clone, "package.json"), '{ "private": true }');
  npm(clone, ...installOffline(packed!));
  return { beside, remove, sources: [join(clone, "node_modules"), join(root, "node_modules")] };
}

function npm(cwd: string, ...args: string[]): void {
  const shell = process.platform === "win32";
  execFileSync(shell ? "npm.cmd" : "npm", args, { cwd, env: environment(), stdio: "pipe", shell });
}
