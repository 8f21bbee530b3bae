import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { call, chain, guarded } from "../core/call.ts";
import { publish } from "../core/events.ts";
import { headText, inRealm } from "../core/head.ts";
import type { Engine, Live } from "../core/live.ts";
import { isExpired, judge } from "../core/load.ts";
import { aboutOf } from "../core/session.ts";
import { removalCookie } from "../core/set-cookie.ts";
import { brought, owe } from "../core/state.ts";
import { createToken, type Token } from "../core/token.ts";
import type { LegacyCookie, LegacyOptions, LegacyReader } from "./_reader.ts";
import { handleFrom, tokenFrom } from "./_token.ts";

/** What the store holds under a marker's handle. */
const MARKER = '{"micropie":"moved"}';
/** Clocks differ, and a marker must outlive its cookie. */
const DAY = 86_400;
const LEAST_FINGERPRINT = 22;

/** A cookie of another library in a request. */
export interface FoundLegacy {
  readonly cookie: LegacyCookie;
  readonly reader: LegacyReader;
  /** What it is known by here; undefined if nothing tells its session from another one. */
  readonly ids: LegacyIds | undefined;
}

/** The names that follow from a fingerprint. */
export interface LegacyIds {
  /** The session's own: until that changes its id, the old cookie opens it. */
  readonly token: Token;
  /** The record that says that the cookie was moved, whatever became of the session since. */
  readonly marker: string;
}

/** Returns the genuine cookies of every reader; at once if the readers do, which most do. */
export function findLegacy(
  engine: Engine,
  { readers }: LegacyOptions,
  header: string,
): Awaitable<readonly FoundLegacy[]> {
  const from = (index: number, before: readonly FoundLegacy[]): Awaitable<readonly FoundLegacy[]> => {
    const reader = readers[index];
    if (reader === undefined) return before;
    return chain(
      guarded(engine, "legacy find", () => reader.find(header)),
      (cookies) =>
        from(index + 1, [
          ...before,
          ...cookies.map((cookie) => ({ cookie, reader, ids: idsOf(engine, cookie) })),
        ]),
    );
  };
  return from(0, []);
}

function idsOf({ options }: Engine, { fingerprint, id = fingerprint }: LegacyCookie): LegacyIds | undefined {
  if (fingerprint === undefined) return undefined;
  // Two sessions with one fingerprint would be one.
  for (const text of [fingerprint, id])
    if (typeof text !== "string" || text.length < LEAST_FINGERPRINT)
      throw new TypeError(`A legacy reader gave a fingerprint of less than ${LEAST_FINGERPRINT} characters.`);
  const { realm } = options;
  return { token: tokenFrom(realm, id!, fingerprint), marker: handleFrom(realm, `marker ${id}`) };
}

/** The record of this handle, unless its time is over. */
export function liveRecord(engine: Engine, handle: string): Awaitable<SessionRecord | undefined> {
  return chain(call(engine, "read", handle), (record) =>
    record === undefined || isExpired(record) ? undefined : record,
  );
}

/**
 * Returns true if the record is a session on its way here: stored, but under a secret that nobody has, until the marker says
 * that its cookie was not moved before.
 */
export function isArriving(record: SessionRecord, { token }: LegacyIds): boolean {
  return record.previousSecretHash === null && record.secretHash !== token.secretHash;
}

/** Notes, once and for good, that a cookie was moved into the record with this secret. False if that was noted before. */
export function mark(
  engine: Engine,
  { until }: LegacyOptions,
  ids: LegacyIds,
  secretHash: string,
): Awaitable<boolean> {
  const seconds = until.getTime() / 1000 - engine.backend.now() + DAY;
  return call(engine, "create", ids.marker, {
    data: MARKER,
    secretHash,
    userId: null,
    idleTimeout: seconds,
    absoluteTimeout: seconds,
    // No realm has a space, so it is in no list.
    head: headText(inRealm({ idleTimeout: seconds, absoluteTimeout: seconds, persistent: false }, " ")),
  });
}

/** Lets the marker note another secret than this one, so that no record with it arrives any more. */
export async function seal(
  engine: Engine,
  { until }: LegacyOptions,
  { marker }: LegacyIds,
  secretHash: string,
): Promise<void> {
  await call(engine, "patch", marker, {
    ifEpoch: 0,
    ifSecretHash: secretHash,
    baseVersion: 1,
    data: MARKER,
    changes: () => ({ set: new Map(), unset: [] }),
    idleTimeout: until.getTime() / 1000 - engine.backend.now() + DAY,
    rotation: { secretHash: createToken(engine.options.realm).secretHash, grace: 0, raiseEpoch: false },
  });
}

/**
 * Ends everything else that this request could sign in with: the old sessions whose cookies it carries, moved or not.
 * Otherwise a user who signed out would be signed in again by the next request. Call it before the session ends.
 */
export function endAll(live: Live, legacy: LegacyOptions, header: string): Awaitable<void> {
  return chain(findLegacy(live.engine, legacy, header), (found) => {
    return found.length === 0 ? undefined : endEach(live, legacy, found);
  });
}

async function endEach(live: Live, legacy: LegacyOptions, found: readonly FoundLegacy[]): Promise<void> {
  const { engine } = live;
  for (const { cookie, ids } of found) {
    if (ids !== undefined && !(await endMoved(live, legacy, cookie, ids))) continue;
    await guarded(engine, "legacy end", () => cookie.end());
  }
  owe(live, live.outbox.line, farewells(engine, found));
  brought(live, { legacy: undefined });
}

/** False if the cookie opens nothing any more, so that there is nothing to end. */
async function endMoved(
  { engine, phase }: Live,
  legacy: LegacyOptions,
  cookie: LegacyCookie,
  ids: LegacyIds,
): Promise<boolean> {
  const { token } = ids;
  // Made-up ids of a library that does not sign them must leave nothing in the store. In this order: what has moved in
  // between is marked before its old record ends.
  const known =
    (await guarded(engine, "legacy read", () => cookie.read())) ?? (await liveRecord(engine, ids.marker));
  if (known === undefined) return false;
  // First, so that what has not come by then does not come any more.
  await mark(engine, legacy, ids, createToken(engine.options.realm).secretHash);
  const record = await liveRecord(engine, token.handle);
  if (record !== undefined && !isArriving(record, ids)) {
    const verdict = judge(record, token.secretHash);
    if (verdict !== "live" && verdict !== "grace") return false;
  }
  if (record === undefined || (phase.is === "stored" && phase.handle === token.handle)) return true;
  const ended = await call(engine, "delete", token.handle);
  if (ended && !isArriving(record, ids))
    publish(engine, "logged_out", { ...aboutOf(token.handle, record), reason: "logout" });
  return true;
}

/** Returns the lines that remove the old cookies; not one that would remove our own. */
export function farewells(engine: Engine, found: readonly FoundLegacy[]): readonly string[] {
  const ours = placeOf(removalCookie(engine.options.cookie));
  const lines = new Set(found.flatMap(({ reader }) => reader.removal));
  return [...lines].filter((line) => placeOf(line) !== ours);
}

/** What a browser knows a cookie by. */
function placeOf(line: string): string {
  const attribute = (name: string): string => new RegExp(`;\\s*${name}=([^;]*)`, "i").exec(line)?.[1] ?? "";
  const domain = attribute("domain").toLowerCase().replace(/^\./, "");
  return JSON.stringify([line.split("=", 1)[0], attribute("path"), domain]);
}
