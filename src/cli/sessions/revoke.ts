import type { ListedSession } from "../../core/listed.ts";
import { misuse } from "../options.ts";

import { CONFIRM_OPTIONS, confirmed } from "./confirm.ts";
import { endMatching } from "./end-matching.ts";
import { Ended } from "./ended.ts";
import { readFilter, WHERE, WHERE_HELP } from "./filter.ts";
import { readHandle } from "./handle.ts";
import { noSuch } from "./none.ts";
import { sessionTable } from "./rows.ts";
import { helpOf, type Store, type Subcommand, subcommand } from "./subcommand.ts";
import type { Terminal } from "./terminal.ts";
import { counted } from "./words.ts";

const HOW = helpOf("revoke");

/** Ends sessions: of handles, or those that conditions name. */
export const revoke: Subcommand = subcommand({
  name: "revoke",
  takes: "HANDLE...",
  arity: [0, 1000],
  help: "end the session of a handle, or all that conditions name",
  more: `First says what it will end, and asks; then says what it has ended. With --json, a line for each ended session, and one with
their number. Ctrl-C stops it between two steps of 500 sessions; the same command goes on.

${WHERE_HELP}`,
  options: { ...WHERE, ...CONFIRM_OPTIONS },
  read(values, args) {
    const { where = [] } = values;
    if (where.length > 0 && args.length > 0)
      throw misuse(
        "revoke takes a handle or --where, and not both. Each condition needs its own --where",
        HOW,
      );
    if (where.length > 0) {
      const filter = readFilter(where, HOW);
      return (store, terminal) => endMatching(store, terminal, filter, values);
    }
    if (args.length === 0) throw misuse("revoke needs a handle, or --where CONDITION", HOW);
    const handles = [...new Set(args)].map((text) => readHandle(text, HOW));
    return async (store, terminal) => {
      const found = await Promise.all(handles.map((handle) => store.sessions.list({ handle }).toArray()));
      const missing = handles.find((_, index) => found[index]?.length === 0);
      if (missing !== undefined && found.flat().length === 0) throw noSuch(missing);
      await end(store, terminal, found.flat(), values);
      if (missing !== undefined) throw noSuch(missing);
      return 0;
    };
  },
});

async function end(
  { sessions }: Store,
  terminal: Terminal,
  found: readonly ListedSession[],
  given: Parameters<typeof confirmed>[2],
): Promise<void> {
  terminal.say(sessionTable(found, sessions.backend.now(), terminal));
  const what = counted(found.length, "session");
  terminal.say(`This ends ${what} (exact).`);
  if (!(await confirmed(terminal, `End ${what}?`, given))) return;
  using ended = new Ended(sessions, terminal);
  await ended.end(found);
  await ended.tell();
}
