import type { SessionBackend } from "../../backends/backend.ts";
import { moveSessions } from "../../backends/moving.ts";
import { createSessions } from "../../core/sessions.ts";
import { eventStore, type Recorder, recordEvents } from "../../recorder.ts";
import { misuse } from "../options.ts";
import { Problem } from "../problem.ts";
import { confirmed } from "./confirm.ts";
import { COPY_OPTIONS, type Copied, copiedText, copyIn, copySessions, copyText } from "./copy.ts";
import type { Disguise } from "./disguise.ts";
import { withNamedFailures } from "./named-failures.ts";
import { openBackend } from "./open.ts";
import { Progress } from "./progress.ts";
import { readStoreUrl } from "./store-url.ts";
import { helpOf, type Store, type Subcommand, subcommand, type Work } from "./subcommand.ts";
import { Interrupt, type Terminal } from "./terminal.ts";
import { counted, numberText } from "./words.ts";

const HOW = helpOf("move");

/** Moves all sessions to another store, or copies them. */
export const move: Subcommand = subcommand({
  name: "move",
  help: "move all sessions to another store, while they are in use, or copy them",
  more: `Every process of the application needs MovingSessionBackend with \`move: true\` by then, or users are logged out: see "Move between
stores" in docs/operators.md. The application has made the table of the target. --to takes ?table=NAME or ?prefix=TEXT.
After Ctrl-C the same command goes on. With --verify nothing is moved: exit code 1 if any session is left in the source.

With --copy, nothing changes in the source. What the target has already stays there as it is. The same --pseudonyms make the same ids.`,
  options: {
    to: { type: "string", value: "URL", help: "the target, a URL as for --store" },
    verify: { type: "boolean", help: "say how many sessions are left in the source" },
    ...COPY_OPTIONS,
    events: {
      type: "string",
      value: "URL",
      help: "tell the application's eventStore() of each session that moves, for explain",
    },
    "at-once": { type: "string", value: "NUMBER", help: "how many are moved at once. Default: 16" },
    yes: { type: "boolean", short: "y", help: "do not ask; for scripts" },
  },
  read(values) {
    const { to, verify = false, "at-once": given = "16", yes, events } = values;
    const wrong = (reason: string): Error => misuse(reason, HOW);
    if (verify && to !== undefined) throw wrong("--verify looks at the source alone. Leave --to out");
    if (!verify && to === undefined) throw wrong("move: say where to, with --to URL");
    const atOnce = Number(given);
    if (!Number.isInteger(atOnce) || atOnce < 1) throw wrong("--at-once takes a whole number from 1");
    const disguise = copyIn(values, wrong);
    if (disguise !== undefined && (verify || events !== undefined))
      throw wrong(`--${verify ? "verify" : "events"} is about moves. Leave --copy out`);
    if (to === undefined) return left;
    const target = readStoreUrl(to, {}, "--to", HOW);
    const told = events === undefined ? undefined : readStoreUrl(events, {}, "--events", HOW);
    return async (store, terminal) => {
      if (target.shown === store.shown && !/[?&](table|prefix)=/.test(to))
        throw wrong("--to is the store that the sessions are in");
      const opened = await openBackend(target);
      const backend = withNamedFailures(opened.backend, target);
      const eventsIn = told === undefined ? undefined : await openBackend(told);
      try {
        const { sessions: total } = await store.sessions.count();
        const what = `about ${counted(total, "session")} from ${store.shown} to ${target.shown}`;
        terminal.say(
          disguise === undefined
            ? `This moves ${what}. Nobody is logged out if every
process of the application has MovingSessionBackend with move: true.`
            : `This copies ${what},\n${copyText(disguise)}`,
        );
        const [question, undone] = disguise === undefined ? ["Move", "moved"] : ["Copy", "copied"];
        if (!(await confirmed(terminal, `${question} them?`, { yes }, undone))) return 0;
        const plan = { from: store.sessions.backend, to: backend, total, atOnce };
        if (disguise !== undefined) return await copyAll(plan, disguise, terminal);
        using recorder = eventsIn && recorderOn(store, backend, eventsIn.backend);
        return await moveAll(plan, recorder, terminal);
      } finally {
        await eventsIn?.backend.close();
        await eventsIn?.close();
        await opened.close();
      }
    };
  },
});

interface Plan {
  readonly from: SessionBackend;
  readonly to: SessionBackend;
  readonly total: number;
  readonly atOnce: number;
}

/** Hears of the sessions that come to the target. */
function recorderOn({ sessions }: Store, to: SessionBackend, events: SessionBackend): Recorder {
  const { realm } = sessions.options;
  return recordEvents(createSessions({ backend: to, realm }), { store: eventStore(events) });
}

async function moveAll(plan: Plan, recorder: Recorder | undefined, terminal: Terminal): Promise<number> {
  using interrupt = new Interrupt();
  using progress = await Progress.of(terminal, "Moving", plan.total);
  const control = new AbortController();
  void interrupt.told.then(() => control.abort());
  const { from, to, atOnce } = plan;
  let moved = 0;
  const tell = async (more: object, text: string): Promise<void> => {
    progress.hide();
    await recorder?.flush();
    await terminal.print(terminal.json ? JSON.stringify({ moved, ...more }) : text);
  };
  const onProgress = async (now: { readonly moved: number }): Promise<void> => {
    progress.add(now.moved - moved);
    moved = now.moved;
    await recorder?.flush();
  };
  try {
    const done = await moveSessions({ from, to, atOnce, signal: control.signal, onProgress });
    const rest = done.left === 0 ? "" : ` ${counted(done.left, "record")} cannot be read and stay there.`;
    await tell(
      { left: done.left },
      `Moved ${counted(done.moved, "session")}. None is left in the source.${rest}`,
    );
    return 0;
  } catch (error) {
    await tell({}, `Moved ${counted(moved, "session")}.`);
    if (!interrupt.asked) throw error;
    throw interrupted();
  }
}

async function copyAll(plan: Plan, disguise: Disguise, terminal: Terminal): Promise<number> {
  using interrupt = new Interrupt();
  using progress = await Progress.of(terminal, "Copying", plan.total);
  let last: Copied = { copied: 0, there: 0, left: 0 };
  let looked = 0;
  const told = (now: Copied): boolean => {
    last = now;
    progress.add(now.copied + now.there + now.left - looked);
    looked = now.copied + now.there + now.left;
    return !interrupt.asked;
  };
  try {
    await copySessions(plan.from, plan.to, disguise, { atOnce: plan.atOnce, told });
  } finally {
    progress.hide();
    await terminal.print(terminal.json ? JSON.stringify(last) : copiedText(last));
  }
  if (interrupt.asked) throw interrupted();
  return 0;
}

function interrupted(): Problem {
  return new Problem("interrupted. The same command goes on.", 130);
}

const left: Work = async ({ sessions, shown }, terminal) => {
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
};
