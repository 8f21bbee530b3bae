import { spawnSync } from "node:child_process";

/** Stops a server, with all of its processes, for so many seconds. */
export async function standStill(pid: number, seconds: number): Promise<void> {
  // PostgreSQL has a process for each connection.
  const own = spawnSync("pgrep", ["-P", String(pid)], { encoding: "utf8" }).stdout.split("\n");
  const all = [pid, ...own.filter(Boolean).map(Number)];
  const signal = (name: NodeJS.Signals): void => {
    for (const each of all) process.kill(each, name);
  };
  signal("SIGSTOP");
  try {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  } finally {
    signal("SIGCONT");
  }
}
