import {
  applyLock,
  applyPatch,
  applyRelock,
  applyTouch,
  illegible,
  newRecord,
  type StoredRecord,
  snapshot,
} from "../record/record.ts";
import { untilDone } from "./_attempts.ts";
import { recordIn, textOf } from "./_cas/record-text.ts";
import { GRACE, UserIndex } from "./_cas/user-index.ts";
import { dictionaryOf, restored } from "./_dictionary.ts";
import { Recent } from "./_recent.ts";
import { Turns } from "./_turns.ts";
import {
  type Awaitable,
  type NewRecord,
  type PatchResult,
  SessionBackend,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type UserSession,
} from "./backend.ts";

/** What a store has under a key. */
export interface Found<Mark> {
  readonly text: string;
  /** Tells later whether the key still has this text: a version, a revision, an ETag; or the text itself. */
  readonly mark: Mark;
}

/** About how many bytes of memory the records take that were read last. */
const REMEMBERED = 4 * 1024 * 1024;

interface Seen<Mark> {
  readonly record: StoredRecord;
  readonly mark: Mark;
}

/** What came of a change of a record: what to return, whether to store it, and whether to list it for its user first. */
interface Change<R> {
  readonly answer: R;
  readonly store: boolean;
  readonly lists?: boolean;
}

/**
 * A complete back-end over any store with compare-and-swap. Implement six methods on keys and texts, and it keeps every
 * promise, also between processes. Each session is one JSON text; each change is made to the text that was read, and
 * stored only if it is still there. The last records read are remembered, so that the change after a read is one call.
 *
 * Keys have letters, digits, `_` and `-`: a handle of 16 characters, or for the list of a user's sessions "user_" and 43
 * more. The six methods must see their own writes, and may return values or promises. The clock is this process's, so
 * processes that share a store need clocks that agree.
 *
 * If the store loses a text, that session has ended; if it loses the list of a user's sessions, `listByUser` and
 * `revokeUser` miss some.
 */
export abstract class CasSessionBackend<Mark> extends SessionBackend {
  /** The most bytes that the store can hold under one key; no longer text is passed to it. Default: no limit. */
  readonly maxBytes: number = Number.POSITIVE_INFINITY;

  readonly #users: UserIndex<Mark> = new UserIndex(this);
  /** Changes of one session by this process run one after the other, so that they conflict only with other processes. */
  readonly #turns: Turns = new Turns(this);
  readonly #recent: Recent<Seen<Mark>> = new Recent(REMEMBERED);

  /** Returns the text under this key and its mark, or undefined. Must not return an older text than the last one stored. */
  abstract get(key: string): Awaitable<Found<Mark> | undefined>;

  /** Stores the text only if there is none under this key; returns whether it did. It may be deleted after `seconds`. */
  abstract add(key: string, text: string, seconds: number): Awaitable<boolean>;

  /** Stores the text only if the key still has the one with this mark; returns whether it did. */
  abstract replace(key: string, text: string, seconds: number, mark: Mark): Awaitable<boolean>;

  /** Stores the text, whatever is there. */
  abstract set(key: string, text: string, seconds: number): Awaitable<void>;

  /** Deletes the text only if it still has this mark; returns whether it did. */
  abstract remove(key: string, mark: Mark): Awaitable<boolean>;

  /** Deletes whatever is there and returns its text, or undefined. Of several concurrent calls, one gets it. */
  abstract take(key: string): Awaitable<string | undefined>;

  override async load(id: string): Promise<SessionData> {
    const seen = await this.#look(id);
    return seen === undefined ? {} : dictionaryOf(seen.record);
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    if (timeout <= 0 || Object.keys(data).length === 0) {
      await this.take(id);
      return;
    }
    const record = restored(data, timeout, this.now());
    if (record.userId !== null) await this.#users.add(record.userId, id, record.absoluteExpiresAt);
    await this.set(id, textOf(record, this.maxBytes), this.#left(record));
  }

  override async read(handle: string): Promise<SessionRecord | undefined> {
    const found = await this.get(handle);
    if (found === undefined) return undefined;
    const seen = this.#seen(found);
    if (seen === undefined) return recordIn(found.text) === undefined ? illegible(this.now()) : undefined;
    if (seen.record.secretHash === "") return undefined;
    const { data, head } = seen.record;
    this.#recent.set(handle, seen, 500 + 2 * (data.length + head.length));
    return snapshot(seen.record, this.now());
  }

  override create(handle: string, record: NewRecord): Promise<boolean> {
    return this.#turns.take(handle, async () => {
      const began = this.now();
      const stored = newRecord(record, began);
      const text = textOf(stored, this.maxBytes);
      if (stored.userId !== null) await this.#users.add(stored.userId, handle, stored.absoluteExpiresAt);
      // After this long, others may have taken it off the list again.
      if (this.now() - began > GRACE / 2) throw new Error(`session ${handle} was held up; it was not stored`);
      if (await this.add(handle, text, this.#left(stored))) return true;
      const there = await this.get(handle);
      const old = there && recordIn(there.text);
      if (there === undefined || old === undefined || old.expiresAt > this.now()) return false;
      return this.replace(handle, text, this.#left(stored), there.mark);
    });
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    const { userId, absoluteTimeout } = patch.rotation ?? {};
    const lists = userId !== undefined || absoluteTimeout !== undefined;
    return this.#change<PatchResult>(handle, "ended", (record, now) => {
      const answer = applyPatch(record, patch, now);
      return { answer, store: answer === "ok" || answer === "merged", lists };
    });
  }

  override touch(handle: string, idleTimeout: number): Promise<boolean> {
    return this.#change(handle, false, (record, now) => {
      return { answer: true, store: applyTouch(record, idleTimeout, now) };
    });
  }

  override async delete(handle: string, ifVersion?: number): Promise<boolean> {
    this.#recent.delete(handle);
    // At once, without waiting for the turn of other calls.
    if (ifVersion === undefined) {
      const text = await this.take(handle);
      return text !== undefined && (recordIn(text)?.expiresAt ?? 0) > this.now();
    }
    return this.#turns.take(handle, () => this.#erase(handle, (record) => record.version === ifVersion));
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    const handles = await this.#users.list(userId);
    const seen = await Promise.all(handles.map((handle) => this.#look(handle)));
    const now = this.now();
    return handles.flatMap((handle, index) => {
      const record = seen[index]?.record;
      return record?.userId === userId ? [{ handle, record: snapshot(record, now) }] : [];
    });
  }

  override async revokeUser(userId: string, except?: string): Promise<string[]> {
    const handles = (await this.#users.list(userId)).filter((handle) => handle !== except);
    const ended = await Promise.allSettled(
      handles.map((handle) => this.#erase(handle, (record) => record.userId === userId)),
    );
    // Ends all that it can, and only then fails for those that it could not.
    for (const one of ended) if (one.status === "rejected") throw one.reason;
    return handles.filter((_, index) => (ended[index] as PromiseFulfilledResult<boolean>).value);
  }

  override lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    return this.#change<number | "busy" | "ended">(handle, "ended", (record, now) => {
      const answer = applyLock(record, seconds, now);
      return { answer, store: answer !== "busy" };
    });
  }

  override relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    return this.#change(handle, false, (record, now) => {
      const answer = applyRelock(record, fence, seconds, now);
      return { answer, store: answer };
    });
  }

  /** Returns what is there, is a record and has not expired. */
  async #look(handle: string): Promise<Seen<Mark> | undefined> {
    const found = await this.get(handle);
    return found && this.#seen(found);
  }

  #seen({ text, mark }: Found<Mark>): Seen<Mark> | undefined {
    const record = recordIn(text);
    return record !== undefined && record.expiresAt > this.now() ? { record, mark } : undefined;
  }

  #change<R>(handle: string, ended: R, change: (record: StoredRecord, now: number) => Change<R>): Promise<R> {
    return this.#turns.take(handle, async () => {
      let remembered = this.#recent.get(handle);
      this.#recent.delete(handle);
      const done = await untilDone(this.environment, `session ${handle}`, async () => {
        const answer = remembered && (await this.#attempt(handle, remembered, change));
        remembered = undefined;
        // What was remembered may be out of date, so it is no reason to refuse the change.
        if (answer?.stored) return answer;
        const seen = await this.#look(handle);
        if (seen === undefined) return { answer: ended, stored: false };
        return this.#attempt(handle, seen, change);
      });
      return done.answer;
    });
  }

  /** Changes and stores the record that was seen. Returns undefined if it is not there any more. */
  async #attempt<R>(
    handle: string,
    seen: Seen<Mark>,
    change: (record: StoredRecord, now: number) => Change<R>,
  ): Promise<{ readonly answer: R; readonly stored: boolean } | undefined> {
    const record = { ...seen.record };
    const { answer, store, lists } = change(record, this.now());
    if (!store) return { answer, stored: false };
    const text = textOf(record, this.maxBytes);
    if (lists && record.userId !== null)
      await this.#users.add(record.userId, handle, record.absoluteExpiresAt);
    // Listing it may have taken so long that it has expired, and others have seen that.
    if (seen.record.expiresAt <= this.now()) return undefined;
    const stored = await this.replace(handle, text, this.#left(record), seen.mark);
    return stored ? { answer, stored } : undefined;
  }

  /** Deletes what is there if `isMeant`. Returns whether this ended a live session. */
  #erase(handle: string, isMeant: (record: StoredRecord) => boolean): Promise<boolean> {
    return untilDone(this.environment, `session ${handle}`, async () => {
      const seen = await this.#look(handle);
      if (seen === undefined || !isMeant(seen.record)) return false;
      return (await this.remove(handle, seen.mark)) || undefined;
    });
  }

  #left(record: StoredRecord): number {
    return record.expiresAt - this.now();
  }
}
