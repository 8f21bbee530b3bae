import type { SessionRecord } from "../backends/backend.ts";
import { sleep } from "../environment.ts";
import { StateError } from "../errors.ts";
import { call } from "./call.ts";
import { changesBetween, checkSize, decoded, encode, setKey } from "./codec.ts";
import { readHead } from "./head.ts";
import type { Lease } from "./lease.ts";
import type { Engine } from "./live.ts";
import { readAgain, readInRealm } from "./read-again.ts";
import { checkWritten, fitData } from "./schema.ts";
import { type About, aboutOf } from "./session.ts";

/*
 * The atomic change of one key of a stored session: by one of its requests (`update`), or by an operator.
 */

/** Makes a new value of the stored one; undefined removes the key. May run more than once. */
export type ChangeValue = (value: never) => unknown;

/** The session to be changed, and who changes it. */
export interface Target {
  readonly engine: Engine;
  readonly handle: string;
  /** A request of the session: what it knows of it and holds. Its change moves the deadline. Undefined: an operator. */
  readonly request: { readonly record: SessionRecord; readonly lease: Lease | undefined } | undefined;
}

/** What was stored: the record that was read, and the value, the data and the version that it has now. */
export interface Changed {
  readonly read: SessionRecord;
  readonly value: unknown;
  readonly text: string;
  readonly version: number;
}

/**
 * Reads, changes, and writes only if nobody else wrote in between, until that succeeds. Returns why it may not: `ended`,
 * or `stale` if the rights of the request have changed. Throws StateError `conflict` or `lock_lost`, DataError, BackendError.
 */
export async function changeStored(
  target: Target,
  key: string,
  fn: ChangeValue,
): Promise<Changed | "ended" | "stale"> {
  const { engine, handle, request } = target;
  const { environment, options } = engine;
  let late = false;
  const cancel = environment.timer(options.backendTimeout, () => {
    late = true;
  });
  try {
    for (let attempt = 0; ; attempt++) {
      const read =
        request === undefined
          ? ((await readInRealm(engine, handle)) ?? "ended")
          : await readAgain(target, { handle, record: request.record });
      if (typeof read === "string") return read;
      const { value, text } = await change(engine, aboutOf(handle, read), read, key, fn);
      if (text === read.data) return { read, value, text, version: read.version };
      const result = await store(target, read, text);
      if (result === "ok" || result === "merged") return { read, value, text, version: read.version + 1 };
      if (result === "ended") return "ended";
      await checkLease(target);
      if (late) throw conflict(key);
      await sleep(environment, (environment.random() * Math.min(2 ** attempt, 32)) / 1000);
    }
  } finally {
    cancel();
  }
}

async function change(
  engine: Engine,
  about: About,
  record: SessionRecord,
  key: string,
  fn: ChangeValue,
): Promise<Pick<Changed, "value" | "text">> {
  const { schema, maxBytes } = engine.options;
  const read = decoded(record.data);
  const data =
    schema === undefined
      ? read
      : Object.assign(Object.create(null), (await fitData(engine, read, () => about)).data);
  const value: unknown = await fn(data[key] as never);
  setKey(data, key, value);
  if (schema !== undefined) await checkWritten(schema, data);
  const text = encode(data);
  checkSize(text, maxBytes);
  return { value, text };
}

function store(
  { engine, handle, request }: Target,
  record: SessionRecord,
  text: string,
): ReturnType<typeof call<"patch">> {
  return call(engine, "patch", handle, {
    ifEpoch: record.epoch,
    ifVersion: record.version,
    ifFence: request?.lease?.fence,
    baseVersion: record.version,
    data: text,
    changes: () => changesBetween(record.data, text),
    // An operator's change is no sign of life of the user.
    idleTimeout: request === undefined ? 0 : readHead(record.head).idleTimeout,
  });
}

/** Throws StateError `lock_lost` if it was not the version, but the end of exclusive use, that refused the patch. */
async function checkLease({ engine, handle, request }: Target): Promise<void> {
  if (request?.lease === undefined) return;
  if (await call(engine, "relock", handle, request.lease.fence, engine.options.lock.ttl)) return;
  throw new StateError(
    "lock_lost",
    "Exclusive use of the session was over before this was stored. Nothing was stored; try again.",
  );
}

export function conflict(key: string): StateError {
  return new StateError(
    "conflict",
    `Other requests kept changing session.${key}. Nothing was stored; try again.`,
  );
}
