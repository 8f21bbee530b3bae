import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** The processes that another one started itself. */
export function childrenOf(parent: number): number[] {
  return processes()
    .filter((each) => each.parent === parent)
    .map(({ pid }) => pid);
}

/** Whether a process still runs. One that has ended and only waits for its parent to notice does not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return processes().some((each) => each.pid === pid && !each.state.startsWith("Z"));
}

/** Sends a signal to a process, if it is there. */
export function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone.
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

function processes(): Process[] {
  // Linux without the package procps has no `ps`.
  const lines =
    process.platform === "linux"
      ? readdirSync("/proc")
          .filter((name) => /^\d+$/.test(name))
          .flatMap(stat)
      : execFileSync("ps", ["-A", "-o", "pid=,stat=,ppid="], { encoding: "utf8" }).trim().split("\n");
  return lines.map((line) => {
    const [pid, state, parent] = line.trim().split(/\s+/);
    return { pid: Number(pid), state: state!, parent: Number(parent) };
  });
}

/** Of "12 (the name) S 1 ...", what is not the name. */
function stat(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return [`${pid} ${text.slice(text.lastIndexOf(")") + 1)}`];
  } catch {
    return [];
  }
}
