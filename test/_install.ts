import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const temporary = fileURLToPath(new URL("../.tmp", import.meta.url));

/**
 * Installs what a folder's package-lock.json says, unless it is there, and runs nobody's install scripts. Whoever comes
 * meanwhile waits. Afterwards something may still be missing: what is optional, and not made for this machine.
 */
export async function install(folder: URL, isThere: () => boolean): Promise<void> {
  const cwd = fileURLToPath(folder);
  mkdirSync(temporary, { recursive: true });
  const lock = join(temporary, `installing-${basename(cwd)}`);
  while (!isThere()) {
    if (!take(lock)) {
      await sleep(100);
      continue;
    }
    try {
      if (!isThere()) await npmCi(cwd);
      return;
    } finally {
      rmSync(lock, { force: true });
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

function take(lock: string): boolean {
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    // Who has it may have been killed.
    if (!isAlive(lock)) rmSync(lock, { force: true });
    return false;
  }
}

function isAlive(lock: string): boolean {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    // Just made, and not written yet.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
