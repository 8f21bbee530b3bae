import { exclusive } from "../../src/core/exclusive.ts";
import { info } from "../../src/core/info.ts";
import { createSessions } from "../../src/core/sessions.ts";
import { update } from "../../src/core/update.ts";
import { login, logout, rotate } from "../../src/core/verbs.ts";
import { BackendError, StateError } from "../../src/errors.ts";
import type { Limits } from "./child.ts";
import type { Count } from "./history.ts";
import { endSession, now, obey, type Tasks } from "./obey.ts";
import { MOST, POLICIES } from "./policies.ts";
import { openStore, type StoreSpec } from "./stores.ts";
import type { Ended } from "./watching.ts";

/** A server process of the process tests. It does what the parent's messages say, and answers each. */
interface Data {
  visits: number;
  step: number;
  a: number;
  b: number;
  [key: `key${number}`]: number;
}

const { backend } = await openStore(JSON.parse(process.argv[2] ?? "") as StoreSpec);
const sessions = createSessions<Data>({ backend, ...(JSON.parse(process.argv[3] ?? "{}") as Limits) });
const ends: Ended[] = [];
const known: (typeof sessions)[] = [];
const watches: Disposable[] = [];
let opened = await sessions.load(undefined);
const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const tasks: Tasks = {
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
    await sessions.revoke({ userId: "ann" });
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
  /** Counts for so many seconds, and says when each count began and ended; without a value if nobody knows of it. */
  async history(cookie, seconds) {
    const done: Count[] = [];
    const end = now() + (seconds ?? 0) * 1000;
    const one = async (): Promise<void> => {
      while (now() < end) {
        await pause(Math.random() * 10);
        const session = await Promise.resolve(sessions.load(cookie)).catch(isFailure);
        if (session === undefined) continue;
        const began = now();
        const value = await update(session, "visits", (n = 0) => n + 1)
          .catch(isConflict)
          .catch(isFailure);
        // After a conflict nothing was stored: that is a promise too.
        if (value !== "conflict") done.push({ began, ended: now(), value: value ?? null });
      }
    };
    await Promise.all([one(), one()]);
    return done;
  },
  async hold(cookie) {
    opened = await sessions.load(cookie, { exclusive: true });
    return opened.visits;
  },
  async commit() {
    opened.visits = 99;
    return sessions.commit(opened);
  },
  /** Ends (0), changes (1), rotates (2) or counts in (3) each of these sessions, at a random moment of its request. */
  async tangle(cookies, role) {
    const one = async (cookie: string): Promise<string | undefined> => {
      await pause(Math.random() * 12);
      const session = await sessions.load(cookie);
      if (Math.random() < 0.5) await pause(Math.random() * 12);
      // It has ended already. Filled again it would be a new one, which is no wonder.
      if (session.visits === undefined) return undefined;
      if (role === 0) logout(session);
      else if (role === 1) session.key1 = 1;
      else if (role === 2) rotate(session);
      else if (Object.keys(session).length > 0)
        await update(session, "visits", (n = 0) => n + 1).catch(isOver);
      return sessions.commit(session);
    };
    return Promise.all((cookies as unknown as string[]).map(one));
  },
  /** Watches these sessions; `ends` tells what was heard since. */
  async watch(cookies) {
    for (const watch of watches.splice(0)) watch[Symbol.dispose]();
    ends.length = 0;
    for (const cookie of cookies as unknown as string[]) {
      const session = await sessions.load(cookie);
      const { handle } = info(session);
      watches.push(
        sessions.watch(session, ({ reason }) => ends.push({ handle: handle!, reason, at: now() })),
      );
      sessions.discard(session);
    }
  },
  async ends() {
    return ends;
  },
  async end(cookie, how) {
    return endSession(sessions, cookie, how!);
  },
  /** Signs a user in so many times at once; null for each time that is refused. */
  async signInLimited(user, times, policy) {
    const one = async (): Promise<string | null> => {
      const session = await limited(policy).load(undefined);
      session.visits = 1;
      login(session, user);
      return Promise.resolve(limited(policy).commit(session)).then((line) => line ?? null, isTooMany);
    };
    return Promise.all(Array.from({ length: times ?? 0 }, one));
  },
  /** Signs a user in again and again, until the process is killed. */
  async signInForever(user, policy) {
    for (let n = 1; ; n++) {
      // The other process may revoke what this one is about to store.
      await tasks.signInLimited!(user, 3, policy!).catch(isOver);
      if (n === 2) process.send?.({ busy: true });
      // Where sign-ins are refused, there would be nothing to kill.
      if (POLICIES[policy!] === "refuse") await sessions.revoke({ userId: user });
    }
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
      if (n % 4 === 0) await sessions.revoke({ userId: user });
      if (n === 3) process.send?.({ busy: true });
    }
  },
};

/** Sessions on the same store, of which a user may have three. */
function limited(policy = 0): typeof sessions {
  known[policy] ??= createSessions<Data>({
    backend,
    perUser: MOST,
    onLimit: POLICIES[policy],
    ...(JSON.parse(process.argv[3] ?? "{}") as Limits),
  });
  return known[policy];
}

function isTooMany(error: unknown): null {
  if (error instanceof StateError && error.code === "limit") return null;
  throw error;
}

function isConflict(error: unknown): "conflict" {
  if (error instanceof StateError && error.code === "conflict") return "conflict";
  throw error;
}

function isFailure(error: unknown): undefined {
  if (!(error instanceof BackendError)) throw error;
}

function isOver(error: unknown): void {
  if (!(error instanceof StateError && error.code === "ended")) throw error;
}

obey(tasks);
