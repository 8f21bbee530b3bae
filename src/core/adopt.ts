import type { Awaitable, NewRecord, SessionData, SessionRecord } from "../backends/backend.ts";
import { StateError } from "../errors.ts";
import { checkSize } from "./changes.ts";
import { decode, encode } from "./codec.ts";
import { call, chain, type Engine } from "./engine.ts";
import { publish } from "./events.ts";
import { readHead, timeoutsOf } from "./head.ts";
import type { LegacyCookie } from "./legacy.ts";
import {
  type FoundLegacy,
  farewells,
  findLegacy,
  isArriving,
  type LegacyIds,
  liveRecord,
  mark,
} from "./legacy-cookies.ts";
import { judge } from "./record.ts";
import { type Lifetime, type Live, setKey } from "./session.ts";
import { createToken } from "./token.ts";
import { userOf } from "./user.ts";
import { carried } from "./write.ts";

const ATTEMPTS = 20;

/** Opens the session of a token of ours, as if the request had brought that. */
type Open = (token: string) => Awaitable<Live>;

/**
 * The session that a cookie of another library stands for, moved here if this is the first request with it; undefined
 * if there is none. The response then owes the new cookie, and takes the old ones away.
 * Throws BackendError if either store failed: the old session is then whole, or the new one, and the next request goes on
 * from there. Throws DataError for old data that cannot be stored.
 */
export function loadLegacy(engine: Engine, header: string, open: Open): Awaitable<Live | undefined> {
  return chain(findLegacy(engine, header), (found) => {
    return found.length === 0 ? undefined : first(engine, found, open);
  });
}

async function first(engine: Engine, found: readonly FoundLegacy[], open: Open): Promise<Live | undefined> {
  let superseded: Live | undefined;
  for (const { cookie, ids } of found) {
    const token = ids === undefined ? await copy(engine, cookie) : await move(engine, cookie, ids);
    if (token === undefined) continue;
    const live = await open(token);
    if (live.superseded) superseded = live;
    if (live.record === undefined) continue;
    // With the id of a moment ago comes another answer's cookie.
    if (!live.grace) live.owed = { cookie: carried(live, token), farewells: farewells(engine, found) };
    return live;
  }
  return superseded;
}

/**
 * Goes on from wherever the move is, one step at a time, each of them one call of a store. Whoever dies between two
 * steps leaves what the next request goes on from; of several at once, each step is done by one.
 *
 * 1. The data is stored under the handle that follows from the old cookie, with a secret that nobody has. Nobody can use
 *    that, so nothing is wrong if this cookie was moved before and its session has ended since.
 * 2. The marker notes that secret. If it has noted another one, what step 1 stored is deleted, and there is no session.
 * 3. The record gets the secret that follows from the old cookie. From now on the cookie stands for it, until a rotation
 *    or a sign-in.
 * 4. The old session ends.
 *
 * Answers the token of the session, which may be over; undefined if there is none.
 */
async function move(engine: Engine, cookie: LegacyCookie, ids: LegacyIds): Promise<string | undefined> {
  const { backend } = engine;
  const { token } = ids;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const record = await liveRecord(engine, token.handle);
    if (record !== undefined) {
      if (!isArriving(record, ids)) {
        const verdict = judge(record, token.secretHash);
        if (verdict === "live" || verdict === "grace") await call(engine, "legacy end", () => cookie.end());
        return token.value;
      }
      if (!(await arrive(engine, ids, record))) return undefined;
    } else if ((await liveRecord(engine, ids.marker)) !== undefined) {
      // Only a record that is missing after its marker was seen has ended; until then it may have come just now.
      if ((await liveRecord(engine, token.handle)) === undefined) return undefined;
    } else {
      const made = await newRecord(engine, cookie, createToken().secretHash);
      if (made !== undefined)
        await call(engine, "create", () => backend.create(token.handle, { ...made, userId: null }));
      // The old session may be gone because another request has moved it meanwhile.
      else if ((await liveRecord(engine, ids.marker)) === undefined) return undefined;
    }
  }
  throw new StateError("conflict", "Other requests kept moving the old session. Try again.");
}

/** Steps 2 and 3. False if the cookie was moved before, and its session has ended. */
async function arrive(engine: Engine, ids: LegacyIds, record: SessionRecord): Promise<boolean> {
  const { backend } = engine;
  const { handle, secretHash } = ids.token;
  if (!(await mark(engine, ids, record.secretHash))) {
    const marker = await liveRecord(engine, ids.marker);
    if (marker === undefined) return true;
    if (marker.secretHash !== record.secretHash) {
      await call(engine, "delete", () => backend.delete(handle, record.version));
      return false;
    }
  }
  const userId = userIn(engine, record.data);
  const result = await call(engine, "patch", () =>
    backend.patch(handle, {
      ifEpoch: record.epoch,
      ifVersion: undefined,
      ifSecretHash: record.secretHash,
      baseVersion: record.version,
      data: record.data,
      changes: () => ({ set: new Map(), unset: [] }),
      idleTimeout: readHead(record.head).idleTimeout,
      rotation: { secretHash, grace: 0, raiseEpoch: true, ...(userId === null ? {} : { userId }) },
    }),
  );
  if (result === "ok" || result === "merged") announce(handle, userId);
  return true;
}

/** Stores a session of its own for a cookie that nothing tells from another. */
async function copy(engine: Engine, cookie: LegacyCookie): Promise<string | undefined> {
  const { backend } = engine;
  const token = createToken();
  const record = await newRecord(engine, cookie, token.secretHash);
  if (record === undefined) return undefined;
  const free = await call(engine, "create", () => backend.create(token.handle, record));
  if (!free) throw new StateError("conflict", "No free session id was found. Try again.");
  announce(token.handle, record.userId);
  await call(engine, "legacy end", () => cookie.end());
  return token.value;
}

/** What to store of the old session; undefined if there is nothing that could be one. */
async function newRecord(
  engine: Engine,
  cookie: LegacyCookie,
  secretHash: string,
): Promise<NewRecord | undefined> {
  const { legacy, maxBytes } = engine.options;
  const found = await call(engine, "legacy read", () => cookie.read());
  if (found === undefined) return undefined;
  const data = legacy!.convert === undefined ? found.data : await legacy!.convert(found.data);
  if (data === undefined || data === null) return undefined;
  if (typeof data !== "object") throw new TypeError("legacy.convert: answer the data as an object.");
  const text = encode(data);
  if (text === "{}") return undefined;
  checkSize(text, maxBytes);
  return {
    data: text,
    secretHash,
    userId: userIn(engine, text),
    ...timeoutsOf(lifetimeOf(engine, found.lifetime ?? {})),
  };
}

/** Within the limits of new sessions, and always one that a back-end can store. */
function lifetimeOf({ options }: Engine, given: Lifetime): Required<Lifetime> {
  const within = (value: number | undefined, fallback: number, most: number): number =>
    Math.max(1, Math.min(value !== undefined && value > 0 ? value : fallback, most));
  const absoluteTimeout = within(given.absoluteTimeout, options.absoluteTimeout, options.absoluteTimeout);
  const idleLimit = Math.min(absoluteTimeout, options.legacy!.idleLimit);
  const idleTimeout = within(given.idleTimeout, options.idleTimeout, idleLimit);
  return { idleTimeout, absoluteTimeout, persistent: given.persistent ?? options.cookie.persistent };
}

function userIn({ options }: Engine, text: string): string | null {
  if (options.userId === undefined) return null;
  const data: SessionData = Object.create(null);
  decode(text, (key, value) => setKey(data, key, value));
  return userOf(options.userId, data);
}

function announce(handle: string, userId: string | null): void {
  publish("created", { handle, userId });
  publish("adopted", { handle, userId });
}
