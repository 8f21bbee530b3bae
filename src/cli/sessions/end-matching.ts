import type { ListedSession } from "../../core/listed.ts";
import { Problem } from "../problem.ts";
import { confirmed } from "./confirm.ts";
import { Ended } from "./ended.ts";
import type { Filter } from "./filter.ts";
import { pagesOf, totalOf } from "./found.ts";
import { Progress } from "./progress.ts";
import { sessionTable } from "./rows.ts";
import type { Store } from "./subcommand.ts";
import { Interrupt, type Terminal } from "./terminal.ts";
import { counted, numberText } from "./words.ts";

/** How many of them are shown before somebody is asked. */
const SHOWN = 5;

/**
 * Ends every session that is meant: says first exactly how many there are, asks, and says how many it has ended. After Ctrl-C it
 * stops between two steps and says what it has ended so far.
 */
export async function endMatching(
  { sessions }: Store,
  terminal: Terminal,
  filter: Filter,
  given: Parameters<typeof confirmed>[2],
): Promise<number> {
  const { first, handles, looked } = await look({ sessions }, terminal, filter);
  const what = counted(handles.size, "session");
  if (handles.size === 0) {
    terminal.say(`No session is meant, of ${numberText(looked)} that were looked at.`);
    using none = new Ended(sessions, terminal);
    await none.tell();
    return 0;
  }
  terminal.say(sessionTable(first, sessions.backend.now(), terminal));
  if (handles.size > first.length) terminal.say(`... and ${numberText(handles.size - first.length)} more`);
  terminal.say(`This ends ${what} (exact, as of now).`);
  if (!(await confirmed(terminal, `End ${what}?`, given))) return 0;
  using interrupt = new Interrupt();
  using ended = new Ended(sessions, terminal);
  using progress = await Progress.of(terminal, "Ending", handles.size);
  try {
    for await (const { sessions: found } of pagesOf(sessions, filter)) {
      if (interrupt.asked) break;
      if (found.length > 0) await ended.end(found);
      progress.add(found.length);
      if (interrupt.asked) break;
    }
  } catch (error) {
    progress.hide();
    await ended.tell(handles.size);
    terminal.say(
      "The store failed, and what was under way then, up to 500 sessions, may have ended too. The same command goes on.",
    );
    throw error;
  }
  progress.hide();
  await ended.tell(interrupt.asked ? handles.size : undefined);
  if (interrupt.asked) throw new Problem("interrupted. The same command goes on.", 130);
  return 0;
}

interface Looked {
  readonly first: readonly ListedSession[];
  readonly handles: ReadonlySet<string>;
  readonly looked: number;
}

async function look(
  { sessions }: Pick<Store, "sessions">,
  terminal: Terminal,
  filter: Filter,
): Promise<Looked> {
  using progress = await Progress.of(terminal, "Looking", await totalOf(sessions, filter));
  const handles = new Set<string>();
  let first: ListedSession[] = [];
  let looked = 0;
  for await (const page of pagesOf(sessions, filter)) {
    looked += page.looked;
    progress.add(page.looked);
    const fresh = page.sessions.filter(({ handle }) => !handles.has(handle));
    if (first.length < SHOWN) first = [...first, ...fresh].slice(0, SHOWN);
    for (const { handle } of fresh) handles.add(handle);
  }
  return { first, handles, looked };
}
