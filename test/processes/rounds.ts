import assert from "node:assert/strict";
import type { SessionData, Sessions } from "micropie";
import { plainUser, storedUser } from "micropie/core/realm";
import { Child } from "./child.ts";
import type { StoreSpec } from "./stores.ts";

/** Rounds that the tests run a few times, and the soak for minutes. Each leaves the store as it found it. */

export const cookieOf = (line: string | undefined): string => line?.split(";", 1)[0] ?? "";
export const handleOf = (cookie: string): string => cookie.split("=")[1]!.slice(0, 16);

async function visit(sessions: Sessions, data: SessionData): Promise<string> {
  const session = await sessions.load(undefined);
  Object.assign(session, data);
  return cookieOf(await sessions.commit(session));
}

/** One process ends `count` sessions while three others change, rotate and count in them: all must be gone, whatever cookie. */
export async function tangleRound(
  sessions: Sessions,
  children: readonly Child[],
  count: number,
): Promise<void> {
  const cookies = await Promise.all(Array.from({ length: count }, () => visit(sessions, { visits: 1 })));
  const lines = await Promise.all(
    [0, 1, 2, 3].map(
      (role) => children[role]!.run("tangle", cookies, role) as Promise<(string | undefined)[]>,
    ),
  );
  for (let n = 0; n < count; n++) {
    assert.equal(await sessions.backend.read(handleOf(cookies[n]!)), undefined, "the record is back");
    for (const line of lines) {
      const cookie = cookieOf(line[n]);
      if (cookie.endsWith("=") || cookie === "") continue;
      assert.equal(handleOf(cookie), handleOf(cookies[n]!), "the request made a session of its own");
      assert.deepEqual({ ...(await sessions.load(cookie)) }, {}, "a cookie opens the session again");
    }
  }
}

/** Kills four processes at a random point of what they write. Answers how many whole steps were found afterwards. */
export async function killRound(spec: StoreSpec, sessions: Sessions): Promise<number> {
  const { backend } = sessions;
  let written = 0;
  const cookies = await Promise.all([0, 1, 2].map(() => visit(sessions, { step: 0, a: 0, b: 0 })));
  const doomed = await Child.start(spec, 4);
  await Promise.all([
    ...cookies.map((cookie, n) => doomed[n]!.begin("steps", cookie)),
    doomed[3]!.begin("turnover", "bob"),
  ]);
  for (const child of doomed) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    await child.kill();
  }
  for (const cookie of cookies) {
    const record = (await backend.read(handleOf(cookie)))!;
    const { step, a, b } = JSON.parse(record.data) as { step: number; a: number; b: number };
    written += step;
    const signIns = Math.floor((step + 1) / 3);
    const userId = `user${signIns * 3 - 1}`;
    assert.deepEqual(
      { a, b, version: record.version, epoch: record.epoch, userId: plainUser(record.userId) },
      { a: step, b: step, version: step + 1, epoch: signIns, userId },
    );
    const listed = (await sessions.list({ userId }).toArray()).map(({ handle }) => handle);
    assert.ok(listed.includes(handleOf(cookie)), "the user's list has the session");
    await sessions.revoke({ handle: handleOf(cookie) });
  }
  for (const { record } of await backend.listByUser(storedUser("session_id", "bob"))) {
    const { a, b } = JSON.parse(record.data) as { a: number; b: number };
    assert.deepEqual([plainUser(record.userId), a], ["bob", b]);
  }
  await sessions.revoke({ userId: "bob" });
  return written;
}
