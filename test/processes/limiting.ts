import assert from "node:assert/strict";
import type { Sessions } from "micropie";
import { Child } from "./child.ts";
import { MOST, POLICIES } from "./policies.ts";
import { cookieOf } from "./rounds.ts";
import type { StoreSpec } from "./stores.ts";

/** How many sign in at once. */
const AT_ONCE = 50;

/** Returns a user that no other round has. */
const newUser = (): string => `limited ${process.hrtime.bigint()}`;

async function liveOf(sessions: Sessions, user: string, lines: readonly string[]): Promise<number> {
  const listed = await sessions.count({ userId: user });
  let opened = 0;
  for (const line of lines) {
    const session = await sessions.load(cookieOf(line));
    if (session.visits === 1) opened++;
  }
  assert.equal(opened, listed, "the cookies that open a session are as many as there are in the list");
  return listed;
}

/** Signs a user in fifty times at once, in four processes: exactly three sessions live once all are answered. */
export async function limitRound(
  sessions: Sessions,
  children: readonly Child[],
  policy: number,
): Promise<void> {
  const user = newUser();
  const shares = children.map((_, n) => Math.floor((AT_ONCE + n) / children.length));
  const answers = await Promise.all(
    children.map((child, n) => child.run("signInLimited", user, shares[n]!, policy)),
  );
  const lines = (answers.flat() as (string | null)[]).filter((line) => line !== null);
  assert.equal(
    shares.reduce((sum, share) => sum + share),
    AT_ONCE,
  );
  assert.equal(
    lines.length,
    POLICIES[policy] === "refuse" ? MOST : AT_ONCE,
    "the sign-ins that are accepted",
  );
  assert.equal(await liveOf(sessions, user, lines), MOST, "the sessions that live");
  await sessions.revoke({ userId: user });
}

/** Kills processes at a random point of their sign-ins: after the next one, there are no more than three, nor later. */
export async function limitKillRound(
  spec: StoreSpec,
  sessions: Sessions,
  next: Child,
  policy: number,
): Promise<void> {
  const user = newUser();
  const doomed = await Child.start(spec, 2, { lock: { ttl: 1 } });
  await Promise.all(doomed.map((child) => child.run("signInForever", user, policy)));
  for (const child of doomed) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    await child.kill();
  }
  const [line] = (await next.run("signInLimited", user, 1, policy)) as (string | null)[];
  const left = await sessions.count({ userId: user });
  // The store may carry out what it has got of a dead process only now.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const later = await sessions.count({ userId: user });
  assert.ok(left > 0 || line === null, "a sign-in that was accepted lives");
  for (const count of [left, later])
    assert.ok(count <= MOST, `${count} sessions live after the next sign-in`);
  await sessions.revoke({ userId: user });
}
