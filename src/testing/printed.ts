import { inspect } from "node:util";
import type { SiteCase } from "./site.ts";

const LEVELS = ["log", "info", "warn", "error"] as const;

/** A case that keeps off the screen what servers print of their errors. */
export function quiet(run: SiteCase["run"]): SiteCase["run"] {
  return async (site) => {
    await printedBy(() => run(site));
  };
}

/** Runs this, and answers what was printed meanwhile instead of printing it. */
export async function printedBy(work: () => Promise<void>): Promise<string> {
  const printed: unknown[] = [];
  const before = LEVELS.map((level) => console[level]);
  for (const level of LEVELS) console[level] = (...what: unknown[]) => void printed.push(...what);
  try {
    await work();
  } finally {
    LEVELS.forEach((level, n) => {
      console[level] = before[n]!;
    });
  }
  return printed.map((what) => inspect(what, { depth: 6 })).join("\n");
}
