// Of processes that want to make the same thing, one makes it, and the others wait until it is there.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Does `work` if `isNeeded`, in one process at a time. Returns what it returns, or undefined if there was no need. */
export function once(lock, isNeeded, work) {
  while (isNeeded()) {
    if (!take(lock)) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
      continue;
    }
    try {
      return isNeeded() ? work() : undefined;
    } finally {
      release(lock);
    }
  }
}

/** Returns true if this process has the lock now, until it releases it. */
export function take(lock) {
  mkdirSync(dirname(lock), { recursive: true });
  try {
    writeFileSync(lock, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (!isHeld(lock)) release(lock);
    return false;
  }
}

export function release(lock) {
  rmSync(lock, { force: true });
}

/** Returns false if the process that has the lock was killed. */
function isHeld(lock) {
  try {
    const pid = Number(readFileSync(lock, "utf8"));
    // It has just made the file.
    if (pid === 0) return true;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code !== "ESRCH";
  }
}
