import { SqliteSessionBackend } from "../src/backends/sqlite.ts";
import { exclusive } from "../src/core/exclusive.ts";
import { createSessions } from "../src/core/sessions.ts";
import { update } from "../src/core/update.ts";
import { login, rotate } from "../src/core/verbs.ts";
import { StateError } from "../src/errors.ts";

/** A server process of the process test. It does what the parent's messages say, and answers each. */
interface Data {
  visits: number;
  step: number;
  a: number;
  b: number;
  [key: `key${number}`]: number;
}

const path = process.argv[2] ?? "";
const sessions = createSessions<Data>({ backend: new SqliteSessionBackend(path), lockTtl: 0.4 });
let opened = await sessions.load(undefined);
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const tasks: Record<string, (cookie: string, ...values: number[]) => Promise<unknown>> = {
  async increment(cookie, times) {
    const one = async (): Promise<void> => {
      const session = await sessions.load(cookie);
      await update(session, "visits", (visits = 0) => visits + 1);
      await sessions.commit(session);
    };
    await Promise.all(Array.from({ length: times ?? 0 }, one));
  },
  /** Requests that are all open before any of them is saved. */
  async keys(cookie, from, to) {
    const open: { key: number; session: Awaited<ReturnType<typeof sessions.load>> }[] = [];
    for (let key = from ?? 0; key < (to ?? 0); key++)
      open.push({ key, session: await sessions.load(cookie) });
    await pause(1);
    for (const { key, session } of open) {
      session[`key${key}`] = key;
      await sessions.commit(session);
    }
  },
  async open(cookie) {
    opened = await sessions.load(cookie);
  },
  async rotate(_, key) {
    rotate(opened);
    opened[`key${key ?? 0}`] = 1;
    return sessions.commit(opened);
  },
  async signIn(_, times) {
    const done: { line: string | undefined; began: number; ended: number }[] = [];
    for (let n = 0; n < (times ?? 0); n++) {
      const began = now();
      const session = await sessions.load(undefined);
      login(session, "ann");
      const line = await sessions.commit(session);
      done.push({ line, began, ended: now() });
      await pause(0);
    }
    return done;
  },
  async revokeAll() {
    const began = now();
    await sessions.revokeAll("ann");
    return { began, ended: now() };
  },
  async exclusive(cookie, times) {
    for (let n = 0; n < (times ?? 0); n++) {
      const session = await sessions.load(cookie);
      await exclusive(session, async () => {
        const before = session.visits ?? 0;
        await pause(1);
        session.visits = before + 1;
      });
      await sessions.commit(session);
    }
  },
  async hold(cookie) {
    opened = await sessions.load(cookie, { exclusive: true });
    return opened.visits;
  },
  async commit() {
    opened.visits = 99;
    return sessions.commit(opened);
  },
  /** Every step changes everything that belongs together, in one commit; it goes on until the process is killed. */
  async steps(cookie) {
    for (let step = 1; ; step++) {
      const session = await sessions.load(cookie);
      Object.assign(session, { step, a: step, b: step });
      if (step % 3 === 1) rotate(session);
      if (step % 3 === 2) login(session, `user${step}`);
      const line = await sessions.commit(session);
      if (line !== undefined) cookie = line.split(";", 1)[0]!;
      if (step === 3) process.send?.({ busy: true });
    }
  },
  /** Signs in and ends all sign-ins, until the process is killed. */
  async turnover(user) {
    for (let n = 1; ; n++) {
      const session = await sessions.load(undefined);
      Object.assign(session, { step: 0, a: n, b: n });
      login(session, user);
      await sessions.commit(session);
      if (n % 4 === 0) await sessions.revokeAll(user);
      if (n === 3) process.send?.({ busy: true });
    }
  },
};

/** Milliseconds on a clock that all processes of this machine share. */
function now(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

process.on("message", async ({ task, values }: { task: string; values: [string, ...number[]] }) => {
  try {
    process.send?.({ answer: await tasks[task]!(...values) });
  } catch (error) {
    process.send?.({ error: error instanceof StateError ? error.code : String(error) });
  }
});
process.send?.({ answer: "ready" });
