import type { SessionRecord, UserSession } from "../backends/backend.ts";
import { refuseUnknown } from "../option-names.ts";
import { call } from "./call.ts";
import { decoded } from "./codec.ts";
import { unlessDamaged } from "./damage.ts";
import { type Device, shownDevice } from "./device.ts";
import { deviceIn } from "./device-in-head.ts";
import { isInRealm, isPending, lastSeenAt, readHead } from "./head.ts";
import { info, ofRecord, type SessionInfo } from "./info.ts";
import type { Engine } from "./live.ts";
import { isExpired } from "./load.ts";
import { allOf, type Paged, type PageOptions, pageOf } from "./paged.ts";
import { storedUser } from "./realm.ts";
import type { AnyData, AnyShown, Loose } from "./register.ts";
import { isHandle } from "./token.ts";
import { type Chosen, chosen, filterIn, type ListFilter, type Which } from "./which.ts";

/** One session, as its owner or an operator sees it. Times are seconds since 1970. */
export interface ListedSession<T extends object = AnyData> extends SessionInfo {
  /** The public name, for `revoke` and `update`. It opens nothing. */
  readonly handle: string;
  readonly createdAt: number;
  /** To within `touchThrottle`. */
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly absoluteExpiresAt: number;
  /** What its user signed in with, as the client said; see the option `device`. Times and addresses of later requests are not kept. */
  readonly device: Device;
  /** Whether it is the session that was given as `current`. */
  readonly current: boolean;
  /** A copy. */
  readonly data: Loose<T>;
}

/** Some sessions, and where the next ones begin. */
export interface ListedPage<T extends object = AnyData> {
  /** No session twice. There may be fewer than `limit`, also none, though more pages follow. */
  readonly sessions: readonly ListedSession<T>[];
  /** For the next page; undefined after the last one. A text without secrets that only this store reads. */
  readonly cursor: string | undefined;
}

/** Sessions to be told about one by one. */
export interface Listing<T extends object = AnyData> extends AsyncIterable<ListedSession<T>> {
  /** Returns all of them. */
  toArray(): Promise<ListedSession<T>[]>;
  /** Returns one page of them, in an order of the store's own. Throws ConfigError `cursor`, `limit`, `backend`; BackendError. */
  page(options?: PageOptions): Promise<ListedPage<T>>;
}

/** Returns the live sessions of a selector or a filter; asks the store when the first one is asked for. */
export function listing<T extends object>(
  engine: Engine,
  which: Which | ListFilter | undefined,
  options: { readonly current?: AnyShown | undefined } = {},
): Listing<T> {
  const here = (): string | undefined => {
    refuseUnknown(options, ["current"]);
    return options.current === undefined ? undefined : info(options.current).handle;
  };
  async function* each(): AsyncGenerator<ListedSession<T>> {
    const current = here();
    const filter = filterIn(which);
    if (filter === undefined) yield* await listed<T>(engine, chosen("list", which), current);
    else for await (const session of allOf(engine, filter)) yield* whole<T>(engine, [session], current);
  }
  return {
    [Symbol.asyncIterator]: each,
    async toArray() {
      const all: ListedSession<T>[] = [];
      for await (const session of each()) all.push(session);
      return all;
    },
    async page(wanted = {}) {
      refuseUnknown(wanted, ["cursor", "limit"]);
      const current = here();
      const paged = filterIn(which) ?? chosen("list", which);
      if ("handle" in paged && paged.handle !== undefined)
        return { sessions: await listed<T>(engine, paged, current), cursor: undefined };
      const { sessions, cursor } = await pageOf(engine, paged as Paged, wanted);
      return { sessions: whole<T>(engine, sessions, current), cursor };
    },
  };
}

/** Returns the live sessions that are meant, without damaged ones; those of a user by the time of their sign-in. */
export async function listed<T extends object>(
  engine: Engine,
  which: Chosen,
  current: string | undefined,
): Promise<ListedSession<T>[]> {
  const found =
    which.handle === undefined ? await ofUser(engine, which.userId) : await ofHandle(engine, which.handle);
  return whole<T>(engine, found, current).sort(
    (one, other) => (one.signedInAt ?? 0) - (other.signedInAt ?? 0),
  );
}

/** Whose sessions `list` has told about, so that all of them can be ended without being read again. */
const realms = new WeakMap<object, string>();

/** Returns whether an engine of this realm has told about this session, in this very object. */
export function isListed(session: object, realm: string): boolean {
  return realms.get(session) === realm;
}

/** Tells about records, without the damaged ones. `current`: the handle of the session of this request. */
function whole<T extends object>(
  engine: Engine,
  found: readonly UserSession[],
  current: string | undefined,
): ListedSession<T>[] {
  return found.flatMap(({ handle, record }) => {
    // Nobody has the cookie of a pending sign-in, nor gets it if its process died.
    if (isPending(record)) return [];
    const session = unlessDamaged(engine, handle, record, () => tell<T>(handle, record, handle === current));
    if (session === undefined) return [];
    realms.set(session, engine.options.realm);
    return [session];
  });
}

async function ofUser(engine: Engine, userId: string): Promise<readonly UserSession[]> {
  const user = storedUser(engine.options.realm, userId);
  const found = await call(engine, "listByUser", user);
  // Whatever else a store answers is not this user's.
  return found.filter(({ record }) => record.userId === user);
}

async function ofHandle(engine: Engine, handle: string): Promise<readonly UserSession[]> {
  const record = await recordOf(engine, handle);
  return record === undefined ? [] : [{ handle, record }];
}

/** Returns the live record of a handle; undefined if there is none, or if it is another realm's. */
export async function recordOf(engine: Engine, handle: string): Promise<SessionRecord | undefined> {
  // A store may hold other things under other names, which are no sessions.
  if (!isHandle(handle)) return undefined;
  const record = await call(engine, "read", handle);
  const isOurs = record !== undefined && !isExpired(record) && isInRealm(record, engine.options.realm);
  return isOurs ? record : undefined;
}

function tell<T extends object>(handle: string, record: SessionRecord, current: boolean): ListedSession<T> {
  const head = readHead(record.head);
  return {
    ...(ofRecord(handle, record, head) as ListedSession<T>),
    lastSeenAt: lastSeenAt(record, head),
    device: shownDevice(deviceIn(head)),
    current,
    data: decoded(record.data) as Loose<T>,
  };
}
