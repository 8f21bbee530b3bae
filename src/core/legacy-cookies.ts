import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { call, chain, type Engine } from "./engine.ts";
import { publish } from "./events.ts";
import { isExpired } from "./expiry.ts";
import type { LegacyCookie, LegacyReader } from "./legacy.ts";
import { judge } from "./record.ts";
import type { Live } from "./session.ts";
import { removalCookie } from "./set-cookie.ts";
import { createToken, handleFrom, type Token, tokenFrom } from "./token.ts";

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
  /** The session's own: while that has not changed its id, the old cookie stands for it. */
  readonly token: Token;
  /** The record that says that the cookie was moved, whatever became of the session since. */
  readonly marker: string;
}

/** The genuine cookies of every reader. Answers at once if the readers do, which most do. */
export function findLegacy(engine: Engine, header: string): Awaitable<readonly FoundLegacy[]> {
  const { readers } = engine.options.legacy!;
  const from = (index: number, before: readonly FoundLegacy[]): Awaitable<readonly FoundLegacy[]> => {
    const reader = readers[index];
    if (reader === undefined) return before;
    return chain(
      call(engine, "legacy find", () => reader.find(header)),
      (cookies) =>
        from(index + 1, [...before, ...cookies.map((cookie) => ({ cookie, reader, ids: idsOf(cookie) }))]),
    );
  };
  return from(0, []);
}

function idsOf({ fingerprint }: LegacyCookie): LegacyIds | undefined {
  if (fingerprint === undefined) return undefined;
  // Two sessions with one fingerprint would be one.
  if (typeof fingerprint !== "string" || fingerprint.length < LEAST_FINGERPRINT)
    throw new TypeError(`A legacy reader gave a fingerprint of less than ${LEAST_FINGERPRINT} characters.`);
  return { token: tokenFrom(fingerprint), marker: handleFrom(`marker ${fingerprint}`) };
}

/** The record of this handle, unless its time is over. */
export function liveRecord(engine: Engine, handle: string): Awaitable<SessionRecord | undefined> {
  return chain(
    call(engine, "read", () => engine.backend.read(handle)),
    (record) => (record === undefined || isExpired(record) ? undefined : record),
  );
}

/**
 * Whether the record is a session on its way here: stored, but under a secret that nobody has, until the marker says
 * that its cookie was not moved before.
 */
export function isArriving(record: SessionRecord, { token }: LegacyIds): boolean {
  return record.previousSecretHash === null && record.secretHash !== token.secretHash;
}

/** Notes, once and for good, that a cookie was moved into the record with this secret. False if that was noted before. */
export function mark(engine: Engine, ids: LegacyIds, secretHash: string): Awaitable<boolean> {
  const { backend, options } = engine;
  const seconds = options.legacy!.until.getTime() / 1000 - backend.now() + DAY;
  const marker = {
    data: MARKER,
    secretHash,
    userId: null,
    idleTimeout: seconds,
    absoluteTimeout: seconds,
    head: "",
  };
  return call(engine, "create", () => backend.create(ids.marker, marker));
}

/**
 * Ends everything else that this request could sign in with: the old sessions whose cookies it carries, moved or not.
 * Otherwise somebody who has signed out would be back with the next request. To be called before the session ends.
 */
export function endLegacy(live: Live): Awaitable<void> {
  const { engine, legacy } = live;
  if (legacy === undefined || live.superseded) return;
  return chain(findLegacy(engine, legacy), (found) => {
    return found.length === 0 ? undefined : endAll(live, found);
  });
}

async function endAll(live: Live, found: readonly FoundLegacy[]): Promise<void> {
  const { engine } = live;
  for (const { cookie, ids } of found) {
    if (ids !== undefined && !(await endMoved(live, cookie, ids))) continue;
    await call(engine, "legacy end", () => cookie.end());
  }
  live.farewells = farewells(engine, found);
  live.legacy = undefined;
}

/** False if the cookie stands for nothing any more, so that there is nothing to end. */
async function endMoved({ engine, handle }: Live, cookie: LegacyCookie, ids: LegacyIds): Promise<boolean> {
  const { backend } = engine;
  const { token } = ids;
  // Made-up ids of a library that does not sign them must leave nothing in the store. In this order: what has moved in
  // between is marked before its old record ends.
  const known =
    (await call(engine, "legacy read", () => cookie.read())) ?? (await liveRecord(engine, ids.marker));
  if (known === undefined) return false;
  // First, so that what has not come by then does not come any more.
  await mark(engine, ids, createToken().secretHash);
  const record = await liveRecord(engine, token.handle);
  if (record !== undefined && !isArriving(record, ids)) {
    const verdict = judge(record, token.secretHash);
    if (verdict !== "live" && verdict !== "grace") return false;
  }
  if (record === undefined || token.handle === handle) return true;
  const ended = await call(engine, "delete", () => backend.delete(token.handle));
  if (ended && !isArriving(record, ids))
    publish("destroyed", { handle: token.handle, userId: record.userId });
  return true;
}

/** The lines that take the old cookies away; not one that would take our own away. */
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
