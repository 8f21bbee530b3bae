import type { NewRecord, SessionRecord } from "../backends/backend.ts";
import { call, guarded, ifPossible } from "../core/call.ts";
import { checkSize, decoded, encode } from "../core/codec.ts";
import { publish } from "../core/events.ts";
import { type Head, headText, inRealm, readHead, remember } from "../core/head.ts";
import type { Engine, Lifetime } from "../core/live.ts";
import { judge } from "../core/load.ts";
import { isDamaged } from "../core/read-again.ts";
import { plainUser, storedUser } from "../core/realm.ts";
import { createToken } from "../core/token.ts";
import { userOf } from "../core/user.ts";
import { StateError } from "../errors.ts";
import { type FoundLegacy, isArriving, type LegacyIds, liveRecord, mark, seal } from "./_cookies.ts";
import type { LegacyCookie, LegacyOptions } from "./_reader.ts";

const ATTEMPTS = 20;

/**
 * Moves the session of one cookie here, if it is not here yet, and returns its token; undefined if there is none.
 * Throws BackendError if either store failed: the old session is then whole, or the new one, and the next request goes on
 * from there. Throws DataError for old data that cannot be stored.
 */
export function adopt(
  engine: Engine,
  legacy: LegacyOptions,
  { cookie, ids }: FoundLegacy,
): Promise<string | undefined> {
  return ids === undefined ? copy(engine, legacy, cookie) : move(engine, legacy, cookie, ids);
}

/**
 * Goes on from wherever the move is, one step at a time, each of them one call of a store. Whoever dies between two
 * steps leaves what the next request goes on from; of several at once, each step is done by one.
 *
 * 1. The data is stored under the handle that follows from the old cookie, with a secret that nobody has. Nobody can use
 *    that, so nothing is wrong if this cookie was moved before and its session has ended since.
 * 2. The marker notes that secret. If it has noted another one, what step 1 stored is deleted, and there is no session.
 * 3. The record gets the secret that follows from the old cookie. From now on the cookie opens it, until a rotation or a
 *    sign-in.
 * 4. The marker gets a secret that no record has: a client may send step 1 again, also when the session has ended since.
 * 5. The old session ends.
 *
 * Returns the token of the session, which may be over; undefined if there is none.
 */
async function move(
  engine: Engine,
  legacy: LegacyOptions,
  cookie: LegacyCookie,
  ids: LegacyIds,
): Promise<string | undefined> {
  const { token } = ids;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const record = await liveRecord(engine, token.handle);
    if (record !== undefined) {
      if (!isArriving(record, ids)) {
        const verdict = judge(record, token.secretHash);
        if (verdict === "live" || verdict === "grace")
          await guarded(engine, "legacy end", () => cookie.end());
        return token.value;
      }
      // A damaged one is deleted, and comes again if the old session is still there.
      if (isDamaged(engine, token.handle, record)) await call(engine, "delete", token.handle);
      else if (!(await arrive(engine, legacy, ids, record))) return undefined;
    } else if ((await liveRecord(engine, ids.marker)) !== undefined) {
      // Only a record that is missing after its marker was seen has ended; until then it may have come just now.
      if ((await liveRecord(engine, token.handle)) === undefined) return undefined;
    } else {
      const made = await recordOf(engine, legacy, cookie, createToken(engine.options.realm).secretHash);
      if (made !== undefined) await call(engine, "create", token.handle, arriving(made));
      // The old session may be gone because another request has moved it meanwhile.
      else if ((await liveRecord(engine, ids.marker)) === undefined) return undefined;
    }
  }
  throw new StateError("conflict", "Other requests kept moving the old session. Try again.");
}

/** Returns the record as step 1 stores it: nobody's, and in no list, since it may come late and never be used. */
function arriving(made: NewRecord): NewRecord {
  return { ...made, userId: null, head: headText(remember(readHead(made.head), { pending: true })) };
}

/** Steps 2 to 4. False if the cookie was moved before, and its session has ended. */
async function arrive(
  engine: Engine,
  legacy: LegacyOptions,
  ids: LegacyIds,
  record: SessionRecord,
): Promise<boolean> {
  const { handle, secretHash } = ids.token;
  if (!(await mark(engine, legacy, ids, record.secretHash))) {
    const marker = await liveRecord(engine, ids.marker);
    if (marker === undefined) return true;
    // If it is not as it was, another request has brought it to its end.
    if (marker.secretHash !== record.secretHash)
      return !(await call(engine, "delete", handle, record.version));
  }
  const userId = userIn(engine, record.data);
  const head = remember(readHead(record.head), { pending: undefined });
  const result = await call(engine, "patch", handle, {
    ifEpoch: record.epoch,
    ifSecretHash: record.secretHash,
    baseVersion: record.version,
    data: record.data,
    changes: () => ({ set: new Map(), unset: [] }),
    idleTimeout: head.idleTimeout,
    head: headText(head),
    rotation: { secretHash, grace: 0, raiseEpoch: true, ...(userId === null ? {} : { userId }) },
  });
  if (result === "ok" || result === "merged") {
    announce(engine, handle, plainUser(userId));
    await ifPossible(() => seal(engine, legacy, ids, record.secretHash));
  }
  return true;
}

/** Stores a session of its own for a cookie that nothing tells from another. */
async function copy(
  engine: Engine,
  legacy: LegacyOptions,
  cookie: LegacyCookie,
): Promise<string | undefined> {
  const token = createToken(engine.options.realm);
  const record = await recordOf(engine, legacy, cookie, token.secretHash);
  if (record === undefined) return undefined;
  const free = await call(engine, "create", token.handle, record);
  if (!free) throw new StateError("conflict", "No free session id was found. Try again.");
  announce(engine, token.handle, plainUser(record.userId));
  await guarded(engine, "legacy end", () => cookie.end());
  return token.value;
}

/** Returns what to store of the old session; undefined if there is nothing that could be one. */
async function recordOf(
  engine: Engine,
  { convert }: LegacyOptions,
  cookie: LegacyCookie,
  secretHash: string,
): Promise<NewRecord | undefined> {
  const found = await guarded(engine, "legacy read", () => cookie.read());
  if (found === undefined) return undefined;
  const data = convert === undefined ? found.data : await convert(found.data);
  if (data === undefined || data === null) return undefined;
  if (typeof data !== "object") throw new TypeError("legacy.convert: return the data as an object.");
  const text = encode(data);
  if (text === "{}") return undefined;
  checkSize(text, engine.options.maxBytes);
  const head = headWithin(engine, found.lifetime ?? {});
  return {
    data: text,
    secretHash,
    userId: userIn(engine, text),
    idleTimeout: head.idleTimeout,
    absoluteTimeout: head.absoluteTimeout,
    head: headText(head),
  };
}

/** Within the limits of new sessions, and always a lifetime that a back-end can store. */
function headWithin({ options }: Engine, given: Lifetime): Head {
  const within = (value: number | undefined, fallback: number, most: number): number =>
    Math.max(1, Math.min(value !== undefined && value > 0 ? value : fallback, most));
  const absoluteTimeout = within(given.absoluteTimeout, options.timeouts.absolute, options.timeouts.absolute);
  // A level allows no session to be idle for longer; without one, an old session keeps the life that it had.
  const longest =
    options.timeouts.level === undefined ? absoluteTimeout : Math.min(absoluteTimeout, options.timeouts.idle);
  const idleTimeout = within(given.idleTimeout, options.timeouts.idle, longest);
  const persistent = given.persistent ?? options.cookie.persistent;
  return inRealm({ idleTimeout, absoluteTimeout, persistent }, options.realm);
}

/** Returns whose the data is, as the store has it. */
function userIn({ options }: Engine, text: string): string | null {
  const user = options.userIdOf === undefined ? null : userOf(options.userIdOf, decoded(text));
  return user === null ? null : storedUser(options.realm, user);
}

function announce(engine: Engine, handle: string, userId: string | null): void {
  publish(engine, "created", { handle, userId });
  publish(engine, "adopted", { handle, userId });
}
