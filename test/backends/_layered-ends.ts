import { createSessions, destroy, login, type SessionBackend, type Sessions } from "micropie";
import type { LayeredSessionBackend } from "micropie/backends/layered";

/** Two servers that share a store; one ends sessions, the other one has them in its cache. */
export interface Pair {
  readonly ender: Sessions;
  readonly server: Sessions;
  readonly cache: LayeredSessionBackend;
}

export function pairOf(ender: SessionBackend, cache: LayeredSessionBackend): Pair {
  return { ender: createSessions({ backend: ender }), server: createSessions({ backend: cache }), cache };
}

type End = (sessions: Sessions, cookie: string, user: string) => Promise<unknown>;

/** Every way in which a cookie stops to stand for a session. Resolves when that is acknowledged. */
export const ENDS: Record<string, End> = {
  async "is destroyed"(sessions, cookie) {
    const session = await sessions.load(cookie);
    destroy(session);
    await sessions.commit(session);
  },
  async "is emptied"(sessions, cookie) {
    const session = await sessions.load(cookie);
    for (const key of Object.keys(session)) delete session[key];
    destroy(session);
    await sessions.commit(session);
  },
  "is revoked": (sessions, cookie) => sessions.revoke(handleIn(cookie)),
  "is revoked with all of its user": (sessions, _, user) => sessions.revokeAll(user),
  async "is signed in again"(sessions, cookie, user) {
    const session = await sessions.load(cookie);
    login(session, user);
    await sessions.commit(session);
  },
};

/** The cookie of a new session of this user. */
export async function signIn(sessions: Sessions, user: string): Promise<string> {
  const session = await sessions.load(undefined);
  session.name = user;
  login(session, user);
  return (await sessions.commit(session))!.split(";", 1)[0]!;
}

export function handleIn(cookie: string): string {
  return cookie.split("=")[1]!.slice(0, 16);
}

export async function isServed(sessions: Sessions, cookie: string): Promise<boolean> {
  return Object.keys(await sessions.load(cookie)).length > 0;
}

/** Lets the other server read the session until it is in its cache. Fails if that never happens. */
export async function untilCached({ cache, server }: Pair, cookie: string): Promise<void> {
  const until = performance.now() + 10_000;
  for (const { hits } = cache; cache.hits === hits; ) {
    if (performance.now() > until) throw new Error("It is not cached.", { cause: cache.problem });
    if (!(await isServed(server, cookie))) throw new Error("It is not served.");
    await pause(1);
  }
}

/**
 * Ends the session at one server while the other one reads it all the time, and for a while after. Answers how often
 * that was served before, and how often to somebody who had asked after the end was acknowledged: that must be 0.
 */
export async function endWhileRead(
  { ender, server }: Pair,
  end: End,
  cookie: string,
  user: string,
  { before = 0, after = 100, step = () => pause(1) } = {},
): Promise<{ served: number; servedAfterwards: number }> {
  let acknowledged = Number.POSITIVE_INFINITY;
  let until = Number.POSITIVE_INFINITY;
  let served = 0;
  let servedAfterwards = 0;
  const reading = (async () => {
    while (performance.now() < until) {
      const asked = performance.now();
      if (await isServed(server, cookie)) {
        if (asked > acknowledged) servedAfterwards += 1;
        else served += 1;
      }
      await step();
    }
  })();
  try {
    if (before > 0) await pause(before);
    await end(ender, cookie, user);
    acknowledged = performance.now();
    // Asked in the same moment, before anything else can happen.
    const first = server.load(cookie);
    if (Object.keys(await first).length > 0) servedAfterwards += 1;
  } finally {
    until = performance.now() + after;
  }
  await reading;
  return { served, servedAfterwards };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
