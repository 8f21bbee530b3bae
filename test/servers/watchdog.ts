import { spawn } from "node:child_process";

/** A process that does something as soon as this one is gone, however it ended. */
export interface Watchdog {
  /** Tells it the process that matters now; undefined: none. It knows it as `$pid`. */
  tell(pid: number | undefined): void;
  /** Lets it go without doing anything. */
  dismiss(): void;
}

/** Waits for the end of its input, which comes with the end of the process that writes it. */
const WAIT = "pid=; while read -r line; do pid=$line; done;";

/** Starts a watchdog, which runs this script of `sh` with these arguments in the end. */
export function watch(script: string, args: readonly string[]): Watchdog {
  const child = spawn("sh", ["-c", `${WAIT} ${script}`, "micropie-test-watchdog", ...args], {
    // Out of the reach of Ctrl-C, and of what else ends the whole group of this process.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    cwd: "/",
  });
  child.unref();
  // The pipe is a socket, and would keep this process alive too.
  (child.stdin as unknown as { unref(): void }).unref();
  child.stdin.on("error", () => {});
  return {
    tell(pid) {
      child.stdin.write(`${pid ?? ""}\n`);
    },
    dismiss() {
      child.kill("SIGKILL");
    },
  };
}
