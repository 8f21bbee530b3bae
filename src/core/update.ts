import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { sleep } from "../environment.ts";
import { StateError } from "../errors.ts";
import { call } from "./call.ts";
import { changesBetween, checkSize, decoded, encode, encodeValue, setKey } from "./codec.ts";
import { lost } from "./end.ts";
import { readHead } from "./head.ts";
import { standInLine } from "./line.ts";
import type { Live, Stored } from "./live.ts";
import { readAgain } from "./load.ts";
import { checkWritten, fitData } from "./schema.ts";
import { startsOver, writableOf } from "./session.ts";
import { see } from "./state.ts";

/**
 * Changes one key atomically, at once and not at the end of the request: of 200 concurrent increments, from any number
 * of processes, 200 count. `fn` gets the stored value (undefined if there is none) and returns the new one (undefined
 * removes the key); it may run more than once. Returns the new value, which the session then has too.
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
  if (live.phase.is === "ended" || live.intent.is === "destroy") throw over();
  const { turns, options, environment } = live.engine;
  const stored = (): Stored | undefined =>
    live.phase.is === "stored" && !startsOver(live.intent) ? live.phase : undefined;
  // In turn within this process, so that only other processes can be in the way.
  const line = stored()?.handle ?? live;
  const leave = await standInLine(environment, turns, line, options.backendTimeout, () => conflict(key));
  try {
    const phase = stored();
    if (phase !== undefined) return (await retry(live, phase, key, fn as Change)) as R;
    const value = await fn(session[key]);
    encodeValue(key, value);
    setKey(session, key, value);
    return value;
  } finally {
    leave();
  }
}

type Change = (value: never) => unknown;

/** Optimistic: reads, changes, and writes only if nobody else wrote in between. */
async function retry(live: Live, phase: Stored, key: string, fn: Change): Promise<unknown> {
  const { environment, options } = live.engine;
  let late = false;
  const cancel = environment.timer(options.backendTimeout, () => {
    late = true;
  });
  try {
    for (let attempt = 0; ; attempt++) {
      const record = await readAgain(live, phase);
      if (typeof record === "string") throw ended(live, record);
      const changed = await change(live, record, key, fn);
      if (changed.text === record.data) return await adopt(live, record, key, changed, record.version);
      const result = await store(live, phase, record, changed.text);
      if (result === "ok" || result === "merged")
        return await adopt(live, record, key, changed, record.version + 1);
      if (result === "ended") throw ended(live, "ended");
      await checkLease(live, phase);
      if (late) throw conflict(key);
      await sleep(environment, (environment.random() * Math.min(2 ** attempt, 32)) / 1000);
    }
  } finally {
    cancel();
  }
}

interface Changed {
  readonly value: unknown;
  readonly text: string;
}

async function change(live: Live, record: SessionRecord, key: string, fn: Change): Promise<Changed> {
  const { schema, maxBytes } = live.engine.options;
  const read = decoded(record.data);
  const data =
    schema === undefined ? read : Object.assign(Object.create(null), (await fitData(live, read)).data);
  const value: unknown = await fn(data[key] as never);
  setKey(data, key, value);
  if (schema !== undefined) await checkWritten(schema, data);
  const text = encode(data);
  checkSize(text, maxBytes);
  return { value, text };
}

function store(
  live: Live,
  { handle }: Stored,
  record: SessionRecord,
  text: string,
): ReturnType<typeof call<"patch">> {
  return call(live.engine, "patch", handle, {
    ifEpoch: record.epoch,
    ifVersion: record.version,
    ifFence: live.turn.held?.lease.fence,
    baseVersion: record.version,
    data: text,
    changes: () => changesBetween(record.data, text),
    idleTimeout: readHead(record.head).idleTimeout,
  });
}

/** Throws StateError `lock_lost` if it was not the version, but the end of exclusive use, that refused the patch. */
async function checkLease({ engine, turn }: Live, { handle }: Stored): Promise<void> {
  if (turn.held === undefined) return;
  if (await call(engine, "relock", handle, turn.held.lease.fence, engine.options.lockTtl)) return;
  throw new StateError(
    "lock_lost",
    "Exclusive use of the session was over before this was stored. Nothing was stored; try again.",
  );
}

/** Waits until no commit of the session is under way: what it has stored is known only then. */
async function committed({ turn }: Live): Promise<void> {
  while (turn.busy !== undefined) await turn.busy;
}

/** Takes the stored value into the session, leaving what the request has changed elsewhere as it is. */
async function adopt(
  live: Live,
  read: SessionRecord,
  key: string,
  { value, text }: Changed,
  version: number,
): Promise<unknown> {
  await committed(live);
  setKey(live.data, key, value);
  see(live, (seen) => {
    if (seen.version === read.version) return { text, version, as: text === "{}" ? "drained" : "data" };
    const known = decoded(seen.text);
    setKey(known, key, value);
    const now = encode(known);
    // What the store has is known as a whole again if that is nothing.
    if (text === "{}" && now === "{}") return { text, version, as: "drained" };
    return { text: now, version: undefined, as: seen.as === "hidden" ? "hidden" : "data" };
  });
  return value;
}

function ended(live: Live, reason: "ended" | "stale"): StateError {
  lost(live, reason);
  return over();
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
    "The session has ended, so it cannot be changed. Treat the request as signed out.",
  );
}
