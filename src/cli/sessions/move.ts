import { moveSessions } from "../../backends/moving.ts";
import { misuse } from "../options.ts";
import { Problem } from "../problem.ts";
import { confirmed } from "./confirm.ts";
import { openBackend } from "./open.ts";
import { Progress } from "./progress.ts";
import { readStoreUrl } from "./store-url.ts";
import { helpOf, type Store, type Subcommand, subcommand } from "./subcommand.ts";
import { Interrupt, type Terminal } from "./terminal.ts";
import { counted, numberText } from "./words.ts";

const HOW = helpOf("move");

/** Moves all sessions to another store. */
export const move: Subcommand = subcommand({
  name: "move",
  help: "move all sessions to another store, while they are in use",
  more: `Every process of the application needs MovingSessionBackend with \`move: true\` by then, or users are logged out: see "Move between
stores" in docs/operators.md. The application has made the table of the target. --to takes ?table=NAME or ?prefix=TEXT.
After Ctrl-C the same command goes on. With --verify nothing is moved: exit code 1 if any session is left in the source.`,
  options: {
    to: { type: "string", value: "URL", help: "the target, a URL as for --store" },
    verify: { type: "boolean", help: "say how many sessions are left in the source" },
    "at-once": { type: "string", value: "NUMBER", help: "how many are moved at once. Default: 16" },
    yes: { type: "boolean", short: "y", help: "do not ask; for scripts" },
  },
  read(values) {
    const { to, verify = false, "at-once": given = "16", yes } = values;
    if (verify && to !== undefined) throw misuse("--verify looks at the source alone. Leave --to out", HOW);
    if (!verify && to === undefined) throw misuse("move: say where to, with --to URL", HOW);
    const atOnce = Number(given);
    if (!Number.isInteger(atOnce) || atOnce < 1) throw misuse("--at-once takes a whole number from 1", HOW);
    if (to === undefined) return left;
    const target = readStoreUrl(to, {}, "--to", HOW);
    return async (store, terminal) => {
      if (target.shown === store.shown && !/[?&](table|prefix)=/.test(to))
        throw misuse("--to is the store that the sessions are in", HOW);
      const { backend, close } = await openBackend(target);
      try {
        const { sessions } = await store.sessions.count();
        terminal.say(
          `This moves about ${counted(sessions, "session")} from ${store.shown} to ${target.shown}. Nobody is logged out if every
process of the application has MovingSessionBackend with move: true.`,
        );
        if (!(await confirmed(terminal, "Move them?", { yes }))) return 0;
        return await moveAll(store, backend, { total: sessions, atOnce }, terminal);
      } finally {
        await close();
      }
    };
  },
});

async function moveAll(
  { sessions }: Store,
  to: Parameters<typeof moveSessions>[0]["to"],
  { total, atOnce }: { readonly total: number; readonly atOnce: number },
  terminal: Terminal,
): Promise<number> {
  using interrupt = new Interrupt();
  using progress = await Progress.of(terminal, "Moving", total);
  const control = new AbortController();
  void interrupt.told.then(() => control.abort());
  let moved = 0;
  const tell = async (more: object, text: string): Promise<void> => {
    progress.hide();
    await terminal.print(terminal.json ? JSON.stringify({ moved, ...more }) : text);
  };
  const onProgress = (now: { readonly moved: number }): void => {
    progress.add(now.moved - moved);
    moved = now.moved;
  };
  try {
    const done = await moveSessions({
      from: sessions.backend,
      to,
      atOnce,
      signal: control.signal,
      onProgress,
    });
    const rest = done.left === 0 ? "" : ` ${counted(done.left, "record")} cannot be read and stay there.`;
    await tell(
      { left: done.left },
      `Moved ${counted(done.moved, "session")}. None is left in the source.${rest}`,
    );
    return 0;
  } catch (error) {
    await tell({}, `Moved ${counted(moved, "session")}.`);
    if (!interrupt.asked) throw error;
    throw new Problem("interrupted. The same command goes on.", 130);
  }
}

async function left({ sessions, shown }: Store, terminal: Terminal): Promise<number> {
  let found = 0;
  let cursor: string | undefined;
  do {
    const page = await sessions.backend.scan({ cursor, limit: 500 });
    found += page.sessions.length;
    cursor = page.cursor;
  } while (cursor !== undefined);
  const text = `${numberText(found)} ${found === 1 ? "session is" : "sessions are"} left in ${shown}.`;
  await terminal.print(terminal.json ? JSON.stringify({ left: found }) : text);
  return found === 0 ? 0 : 1;
}
