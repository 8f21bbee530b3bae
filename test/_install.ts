import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { release, take } from "../scripts/lock.js";

const temporary = fileURLToPath(new URL("../.tmp", import.meta.url));

/**
 * Installs what a folder's package-lock.json says, unless it is there, and runs nobody's install scripts. Whoever comes
 * meanwhile waits. Afterwards something may still be missing: what is optional, and not made for this machine.
 */
export async function install(folder: URL, isThere: () => boolean): Promise<void> {
  const cwd = fileURLToPath(folder);
  const lock = join(temporary, `installing-${basename(cwd)}`);
  // npm writes this file last: without it, another process may still be at it.
  const whole = join(cwd, "node_modules", ".package-lock.json");
  const isDone = () => existsSync(whole) && isThere();
  while (!isDone()) {
    if (!take(lock)) {
      await sleep(100);
      continue;
    }
    try {
      if (!isDone()) await npmCi(cwd);
      return;
    } finally {
      release(lock);
    }
  }
}

async function npmCi(cwd: string): Promise<void> {
  const shell = process.platform === "win32";
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  try {
    await promisify(execFile)(shell ? "npm.cmd" : "npm", args, { cwd, shell });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`What the tests need from ${cwd} could not be installed:\n${stderr ?? String(error)}`);
  }
}
