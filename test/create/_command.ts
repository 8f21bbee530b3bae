import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { environment, root } from "../_command.ts";

export const program: string = join(root, "create/index.js");

/** Runs create-micropie in a folder, without a terminal. */
export function create(cwd: string, ...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd,
    env: environment(),
    encoding: "utf8",
  });
  return { status, out: stdout, err: stderr };
}

/** A folder that is removed with `remove`. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "create-micropie-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
