import { readFilter, WHERE, WHERE_HELP } from "./filter.ts";
import { pagesOf, totalOf } from "./found.ts";
import { Progress } from "./progress.ts";
import { helpOf, type Subcommand, subcommand } from "./subcommand.ts";
import { counted, numberText } from "./words.ts";

/** Counts sessions. */
export const count: Subcommand = subcommand({
  name: "count",
  help: "count live sessions, or those that conditions name",
  more: `Without conditions, the store says how many it has, of all realms: exactly where that is cheap, else an estimate. With
conditions, those of the realm are looked at one by one.

${WHERE_HELP}`,
  options: WHERE,
  read({ where = [] }) {
    const filter = readFilter(where, helpOf("count"));
    return async ({ sessions }, terminal) => {
      if (where.length === 0) {
        const { sessions: all, signedIn, exact } = await sessions.count();
        const users = signedIn === undefined ? "" : `, ${numberText(signedIn)} of them signed in`;
        await terminal.print(
          terminal.json
            ? JSON.stringify({ sessions: all, signedIn: signedIn ?? null, exact })
            : `${exact ? "" : "about "}${counted(all, "session")}${users}`,
        );
        return 0;
      }
      using progress = await Progress.of(terminal, "Counting", await totalOf(sessions, filter));
      const seen = new Set<string>();
      for await (const page of pagesOf(sessions, filter)) {
        progress.add(page.looked);
        for (const { handle } of page.sessions) seen.add(handle);
      }
      progress.hide();
      await terminal.print(
        terminal.json ? JSON.stringify({ sessions: seen.size, exact: true }) : counted(seen.size, "session"),
      );
      return 0;
    };
  },
});
