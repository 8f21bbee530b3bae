import type { ListedSession } from "../../core/listed.ts";
import { misuse } from "../options.ts";
import { DATA_OPTIONS, type Redaction, redactionIn } from "./data.ts";
import { readFilter, WHERE, WHERE_HELP } from "./filter.ts";
import { pagesOf, totalOf } from "./found.ts";
import { Progress } from "./progress.ts";
import { sessionColumns } from "./rows.ts";
import { shownSession } from "./shown.ts";
import { helpOf, type Subcommand, subcommand } from "./subcommand.ts";
import { tableText } from "./table.ts";
import { counted } from "./words.ts";

const HOW = helpOf("list");

/** Lists sessions. */
export const list: Subcommand = subcommand({
  name: "list",
  help: "list live sessions, or those that conditions name",
  more: `${WHERE_HELP}

The order is the store's own. Times are lengths: LAST SEEN before now, EXPIRES from now on.`,
  options: {
    ...WHERE,
    limit: { type: "string", short: "n", value: "NUMBER", help: "the most sessions to list. Default: 50" },
    all: { type: "boolean", short: "a", help: "list all of them" },
    cursor: {
      type: "string",
      value: "TEXT",
      help: "go on where a list ended, as it said",
    },
    ...DATA_OPTIONS,
  },
  read(values) {
    const filter = readFilter(values.where ?? [], HOW);
    if (values.all && values.limit !== undefined) throw misuse("--all and --limit exclude each other", HOW);
    const limit = values.all ? Number.POSITIVE_INFINITY : numberIn(values.limit);
    const data = redactionIn(values);
    return async ({ sessions }, terminal) => {
      const now = (): number => sessions.backend.now();
      const total = values.all || !filter.isWhole ? await totalOf(sessions, filter) : undefined;
      using progress = await Progress.of(terminal, "Looking", total);
      let shown = 0;
      let next: string | undefined;
      for await (const page of pagesOf(sessions, filter, { limit, cursor: values.cursor })) {
        progress.add(page.looked);
        next = page.cursor;
        if (page.sessions.length === 0) continue;
        progress.hide();
        await terminal.print(textOf(page.sessions, shown === 0));
        shown += page.sessions.length;
      }
      progress.hide();
      if (terminal.json && next === undefined) return 0;
      terminal.say(ending(shown, next, filter.isWhole));
      return 0;

      function textOf(page: readonly ListedSession[], isFirst: boolean): string {
        if (terminal.json)
          return page.map((session) => JSON.stringify(shownSession(session, data))).join("\n");
        return tableText(sessionColumns(now(), data as Redaction), page, terminal.columns, isFirst);
      }
    };
  },
});

function ending(shown: number, next: string | undefined, isWhole: boolean): string {
  const what = counted(shown, "session");
  if (next === undefined) return what;
  return `${what}; there may be more: --all, a higher --limit${isWhole ? `, or --cursor ${next}` : ""}`;
}

function numberIn(text = "50"): number {
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text);
  throw misuse(`--limit must be a whole number from 1 on, not "${text}"`, HOW);
}
