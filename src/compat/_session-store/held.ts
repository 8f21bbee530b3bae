import type { SessionRecord } from "../../backends/backend.ts";
import type { Draft } from "./draft.ts";
import type { Key } from "./key.ts";

/** What is known of the session behind one `req.session`. */
export interface Held {
  readonly key: Key;
  /** Undefined for a session that is not stored yet. */
  stored: Stored | undefined;
  /** Settles with the last write of this request; never rejects. */
  last: Promise<unknown>;
}

/** What the store had when the session came from it, or was last written: its next changes are found against that. */
export interface Stored {
  readonly record: SessionRecord;
  readonly draft: Draft;
  /** The version of which `draft` is all the data; -1 if there is none, because others wrote as well. */
  readonly version: number;
  /** When that was, in milliseconds of this process: the moment of `record.now`. */
  readonly at: number;
}

export function newHeld(key: Key, stored?: Stored): Held {
  return { key, stored, last: Promise.resolve() };
}

/** What is in the store at this moment. */
export function storedNow(record: SessionRecord, draft: Draft, version: number): Stored {
  return { record, draft, version, at: performance.now() };
}

/** The same at this moment, for the session may have been held for long: its record's clock has gone on. */
export function aged(stored: Stored): Stored {
  const at = performance.now();
  const { record } = stored;
  return { ...stored, record: { ...record, now: record.now + (at - stored.at) / 1000 }, at };
}
