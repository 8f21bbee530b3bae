import { secondsOf } from "../../duration.ts";
import { misuse } from "../options.ts";
import { readFilter } from "./filter.ts";
import { pagesOf, totalOf } from "./found.ts";
import { Progress } from "./progress.ts";
import { watchStats } from "./stats-watch.ts";
import { helpOf, type Subcommand, subcommand } from "./subcommand.ts";
import { Tally } from "./tally.ts";

const HOW = helpOf("stats");

/** Says what the sessions are like. */
export const stats: Subcommand = subcommand({
  name: "stats",
  help: "say what the sessions are like: users, ages, devices; or watch how many there are",
  more: `Looks at each session once. With --watch it only counts them, as often as --every says, until Ctrl-C.`,
  options: {
    watch: { type: "boolean", help: "show how many there are, again and again" },
    every: { type: "string", value: "TIME", help: "with --watch: how often. Default: 2s" },
  },
  read({ watch, every }) {
    if (every !== undefined && !watch) throw misuse("--every goes with --watch", HOW);
    const seconds = readEvery(every);
    return async ({ sessions, shown }, terminal) => {
      if (watch) return watchStats(sessions, shown, terminal, seconds);
      const filter = readFilter([], HOW);
      using progress = await Progress.of(terminal, "Looking", await totalOf(sessions, filter));
      const tally = new Tally();
      for await (const page of pagesOf(sessions, filter)) {
        progress.add(page.looked);
        for (const session of page.sessions) tally.add(session, sessions.backend.now());
      }
      progress.hide();
      await terminal.print(terminal.json ? JSON.stringify(tally) : tally.text());
      return 0;
    };
  },
});

function readEvery(text: string | undefined): number {
  try {
    return secondsOf("--every", text, 2, 0.1, "wait");
  } catch {
    throw misuse(`--every must be a length of time of at least 0.1 s, such as 2s or 1m, not "${text}"`, HOW);
  }
}
