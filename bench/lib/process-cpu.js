/** What CPU time a process and all below it have used, on Linux. */
import { readdirSync, readFileSync } from "node:fs";

const TICK_US = 10_000;

/** CPU µs so far. The kernel counts in ticks of 10 ms, so only long measurements are exact. */
export function cpuOf(pid) {
  const all = new Map();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      all.set(Number(name), {
        parent: Number(fields[1]),
        us: (Number(fields[11]) + Number(fields[12])) * TICK_US,
      });
    } catch {
      // It has ended since it was listed.
    }
  }
  const below = (ancestor) =>
    [...all]
      .filter(([, { parent }]) => parent === ancestor)
      .reduce((sum, [child, { us }]) => sum + us + below(child), 0);
  return (all.get(pid)?.us ?? 0) + below(pid);
}
