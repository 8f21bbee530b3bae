import assert from "node:assert/strict";
import type { SessionBackend } from "micropie";
import type { SessionRecord } from "micropie/backends/backend";
import { isExpired } from "micropie/core/load";
import { type Data, keyOf } from "./_acts.ts";
import type { Ends } from "./_ends.ts";
import { TICK, TIMES } from "./_server.ts";
import type { End } from "./_steps.ts";

/** What a schedule has left behind. */
export interface Left {
  readonly backend: SessionBackend;
  readonly place: { readonly ends: Ends | undefined };
  readonly storedUser: string;
  /** How many processes there were. */
  readonly processes: number;
  readonly secrets: readonly string[];
  readonly handles: readonly string[];
  readonly notices: readonly string[];
}

/** Throws unless the store has what the model has in the end, lists the user's sessions, and has told of all that ended. */
export async function compareEnd(left: Left, end: End): Promise<void> {
  const shared = await liveRecord(left, 0);
  assert.deepEqual(shared && fieldsOf(left, shared), end.shared && withoutLock(end.shared), "what is stored");
  const own: [number, unknown][] = [];
  for (const number of left.handles.keys()) {
    const record = number === 0 ? undefined : await liveRecord(left, number);
    if (record !== undefined) own.push([number, { user: userOf(left, record), ...dataOf(left, record) }]);
  }
  assert.deepEqual(new Map(own), end.own, "the sessions that processes have begun");

  const listed = (await left.backend.listByUser(left.storedUser)).map(({ handle }) =>
    left.handles.indexOf(handle),
  );
  const owned = [...end.own].filter(([, { user }]) => user === 1).map(([number]) => number);
  if (end.shared?.user === 1) owned.push(0);
  assert.deepEqual(listed.sort(), owned.sort(), "the user's sessions");

  if (left.place.ends !== undefined) {
    const told = await left.place.ends.told();
    assert.deepEqual(
      left.notices.filter((notice) => !told.includes(notice)),
      [],
      "what the channel has not told",
    );
    // It may tell of an end twice, and of one that was a deadline.
    const more = told.filter((notice) => !left.notices.includes(notice));
    assert.deepEqual(end.shared === undefined ? [] : more, [], "what the channel has told in vain");
  }

  if (end.shared === undefined) return;
  const lock = await left.backend.lock(left.handles[0]!, TIMES.lock.ttl);
  assert.equal(lock, end.shared.locked ? "busy" : end.shared.fence + 1, "the next lock");
}

async function liveRecord({ backend, handles }: Left, number: number): Promise<SessionRecord | undefined> {
  const handle = handles[number];
  const record = handle === undefined ? undefined : await backend.read(handle);
  return record === undefined || isExpired(record) ? undefined : record;
}

function fieldsOf(left: Left, record: SessionRecord): Record<string, unknown> {
  return {
    user: userOf(left, record),
    epoch: record.epoch,
    version: record.version,
    secret: left.secrets.indexOf(record.secretHash),
    previous: left.secrets.indexOf(record.previousSecretHash ?? ""),
    ...dataOf(left, record),
    idle: Math.ceil((record.expiresAt - record.now) / TICK),
  };
}

/** Who has the lock is no field that can be read. */
function withoutLock({ fence, locked, ...fields }: NonNullable<End["shared"]>): Record<string, unknown> {
  return fields;
}

function userOf({ storedUser }: Left, { userId }: SessionRecord): number {
  if (userId === null) return 0;
  assert.equal(userId, storedUser, "whose session it is");
  return 1;
}

/** The data as the model has it: a set of keys, and two numbers. */
function dataOf({ processes }: Left, record: SessionRecord): Record<"keys" | "count" | "turns", number> {
  const { a, count = 0, turns = 0, ...others } = JSON.parse(record.data) as Data;
  let keys = a === undefined ? 0 : 1 << processes;
  for (let n = 0; n < processes; n++) {
    if (others[keyOf(n)] !== undefined) keys |= 1 << n;
    delete others[keyOf(n)];
  }
  assert.deepEqual(others, {}, "keys that nobody has written");
  return { keys, count, turns };
}
