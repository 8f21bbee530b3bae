import type { Awaitable, SessionData, SessionRecord } from "../backends/backend.ts";
import { sleep } from "../environment.ts";
import { StateError } from "../errors.ts";
import { changesBetween, checkSize } from "./changes.ts";
import { decode, encode, encodeValue } from "./codec.ts";
import { call } from "./engine.ts";
import { isExpired } from "./expiry.ts";
import { standInLine } from "./line.ts";
import { checkWritten, fitData } from "./schema.ts";
import { type Live, setKey, writableOf } from "./session.ts";
import { discard } from "./write.ts";

/**
 * Changes one key atomically, at once and not at the end of the request: of 200 concurrent increments, from any number
 * of processes, 200 count. `fn` gets the stored value (undefined if there is none) and answers the new one (undefined
 * removes the key); it may run more than once. Answers the new value, which the session then has too.
 *
 * A session that is not stored yet belongs to this request alone, so it is changed in place.
 * Throws StateError `ended` if the session is over, `conflict` if others kept changing it until `backendTimeout`,
 * `lock_lost` if exclusive use of it is over; DataError and BackendError as `commit` does.
 */
export async function update<S extends object, K extends keyof S & string, R extends S[K]>(
  session: S,
  key: K,
  fn: (value: S[K]) => Awaitable<R>,
): Promise<R> {
  const live = writableOf(session, "update");
  await committed(live);
  if (live.state === "ended" || live.mark?.verb === "destroy") throw over();
  const { turns, options, environment } = live.engine;
  // In turn within this process, so that only other processes can be in the way.
  const isOwn = (): boolean => live.record === undefined || live.startsOver;
  const line = isOwn() ? live : live.handle;
  const leave = await standInLine(turns, line, options.backendTimeout, () => conflict(key), environment);
  try {
    if (!isOwn()) return (await retry(live, key, fn as Change)) as R;
    const value = await fn(session[key]);
    encodeValue(key, value);
    setKey(session, key, value);
    return value;
  } finally {
    leave();
  }
}

type Change = (value: never) => unknown;

/** Optimistic: read, change, write only if nobody else wrote in between. */
async function retry(live: Live, key: string, fn: Change): Promise<unknown> {
  const { backend, options, environment } = live.engine;
  const until = environment.now() + options.backendTimeout;
  for (let attempt = 0; ; attempt++) {
    const record = await call(live.engine, "read", () => backend.read(live.handle));
    if (record === undefined || isExpired(record) || record.epoch !== live.record!.epoch)
      return finish(live, record);
    const data = await current(live, record);
    const value: unknown = await fn(data[key] as never);
    setKey(data, key, value);
    if (options.schema !== undefined) await checkWritten(options.schema, data);
    const text = encode(data);
    checkSize(text, options.maxBytes);
    if (text === record.data) return adopt(live, record, key, value, text, record.version);
    const result = await call(live.engine, "patch", () =>
      backend.patch(live.handle, {
        ifEpoch: record.epoch,
        ifVersion: record.version,
        ifFence: live.lease?.fence,
        baseVersion: record.version,
        data: text,
        changes: () => changesBetween(record.data, text),
        idleTimeout: record.idleTimeout,
      }),
    );
    if (result === "ok" || result === "merged")
      return adopt(live, record, key, value, text, record.version + 1);
    if (result === "ended") return finish(live, undefined);
    await checkLease(live);
    if (environment.now() >= until) throw conflict(key);
    await sleep(environment, environment.random() * Math.min(2 ** attempt / 1000, 0.032));
  }
}

/** Throws StateError `lock_lost` if it was not the version, but the end of exclusive use, that refused the patch. */
async function checkLease({ engine, handle, lease }: Live): Promise<void> {
  if (lease === undefined) return;
  const { backend, options } = engine;
  const held = await call(engine, "relock", () => backend.relock(handle, lease.fence, options.lockTtl));
  if (held) return;
  throw new StateError(
    "lock_lost",
    "Exclusive use of the session was over before this was stored. Nothing was stored; try again.",
  );
}

async function current(live: Live, record: SessionRecord): Promise<SessionData> {
  const { schema } = live.engine.options;
  const data: SessionData = Object.create(null);
  decode(record.data, (name, value) => setKey(data, name, value));
  if (schema === undefined) return data;
  return Object.assign(Object.create(null), (await fitData(live, schema, data)).data);
}

/** Waits until no commit of the session is under way: what it has stored is known only then. */
async function committed(live: Live): Promise<void> {
  while (live.busy !== undefined) await live.busy;
}

/** Takes the stored value into the session, leaving what the request has changed elsewhere as it is. */
async function adopt(
  live: Live,
  read: SessionRecord,
  key: string,
  value: unknown,
  text: string,
  version: number,
): Promise<unknown> {
  await committed(live);
  const known = live.version === read.version;
  setKey(live.data, key, value);
  if (known) {
    live.baseline = text;
    live.version = version;
    live.reshaped = false;
  } else {
    const baseline: SessionData = Object.create(null);
    decode(live.baseline, (name, old) => setKey(baseline, name, old));
    setKey(baseline, key, value);
    live.baseline = encode(baseline);
    live.version = -1;
  }
  live.drained = text === "{}" ? version : undefined;
  return value;
}

function finish(live: Live, record: SessionRecord | undefined): never {
  live.state = "ended";
  live.cookie = undefined;
  discard(live, record === undefined || isExpired(record) ? "ended" : "stale");
  throw over();
}

function conflict(key: string): StateError {
  return new StateError(
    "conflict",
    `Other requests kept changing session.${key}. Nothing was stored; try again.`,
  );
}

function over(): StateError {
  return new StateError(
    "ended",
    "The session is over, so it cannot be changed. Answer as to somebody who is not signed in.",
  );
}
