import type { SessionRecord } from "../backends/backend.ts";
import { refuseUnknown } from "../option-names.ts";
import { call } from "./call.ts";
import { decoded } from "./codec.ts";
import { unlessDamaged } from "./damage.ts";
import { type Device, shownDevice } from "./device.ts";
import { deviceIn } from "./device-in-head.ts";
import { isInRealm, isPending, readHead } from "./head.ts";
import { info, ofRecord, type SessionInfo } from "./info.ts";
import type { Engine } from "./live.ts";
import { isExpired } from "./load.ts";
import { storedUser } from "./realm.ts";
import type { AnyData, AnyShown, Loose } from "./register.ts";
import { isHandle } from "./token.ts";
import { type Chosen, chosen, type Which } from "./which.ts";

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

/** Sessions to be told about one by one. */
export interface Listing<T extends object = AnyData> extends AsyncIterable<ListedSession<T>> {
  /** Returns all of them. */
  toArray(): Promise<ListedSession<T>[]>;
}

/** Returns the live sessions of a selector; asks the store when the first one is asked for. */
export function listing<T extends object>(
  engine: Engine,
  which: Which,
  options: { readonly current?: AnyShown | undefined } = {},
): Listing<T> {
  const toArray = async (): Promise<ListedSession<T>[]> => {
    refuseUnknown(options, ["current"]);
    return listed<T>(engine, chosen("list", which), options.current);
  };
  return {
    toArray,
    async *[Symbol.asyncIterator]() {
      yield* await toArray();
    },
  };
}

/** Returns the live sessions that are meant, without damaged ones; those of a user by the time of their sign-in. */
export async function listed<T extends object>(
  engine: Engine,
  which: Chosen,
  current: AnyShown | undefined,
): Promise<ListedSession<T>[]> {
  const here = current === undefined ? undefined : info(current).handle;
  const found =
    which.handle === undefined ? await ofUser(engine, which.userId) : await ofHandle(engine, which.handle);
  const whole = found.flatMap(
    ({ handle, record }) =>
      unlessDamaged(engine, handle, record, () => tell<T>(handle, record, handle === here)) ?? [],
  );
  return whole.sort((one, other) => (one.signedInAt ?? 0) - (other.signedInAt ?? 0));
}

interface Found {
  readonly handle: string;
  readonly record: SessionRecord;
}

async function ofUser(engine: Engine, userId: string): Promise<readonly Found[]> {
  const user = storedUser(engine.options.realm, userId);
  const found = await call(engine, "listByUser", user);
  // Whatever else a store answers is not this user's. Nobody has the cookie of a pending sign-in, nor gets it if its process died.
  return found.filter(({ record }) => record.userId === user && !isPending(record));
}

async function ofHandle(engine: Engine, handle: string): Promise<readonly Found[]> {
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
  const about = ofRecord(handle, record, head);
  const began = about.signedInAt ?? about.createdAt ?? 0;
  return {
    ...(about as ListedSession<T>),
    lastSeenAt: Math.max(began, record.expiresAt - head.idleTimeout),
    device: shownDevice(deviceIn(head)),
    current,
    data: decoded(record.data) as Loose<T>,
  };
}
