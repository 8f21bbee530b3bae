import { applyMove, isMeant, isMoved } from "../record/moved.ts";
import {
  adoptedRecord,
  applyLock,
  applyPatch,
  applyRelock,
  applyTouch,
  illegible,
  isAdoptable,
  mayAdopt,
  newRecord,
  type StoredRecord,
  snapshot,
  wholeRecord,
} from "../record/record.ts";
import { recordIn, textOf } from "./_cas/record-text.ts";
import { CasRecords, type Found } from "./_cas/records.ts";
import { GRACE, UserIndex } from "./_cas/user-index.ts";
import { dictionaryOf, restored } from "./_dictionary.ts";
import { isAskedFor, isHandle, pageOfUser, refuseScan } from "./_scan.ts";
import { standingsByRead } from "./_standings.ts";
import {
  type Awaitable,
  type DeleteReason,
  type NewRecord,
  type PatchResult,
  type ScanOptions,
  type ScanPage,
  SessionBackend,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type Standing,
  type UserSession,
  type WholeRecord,
} from "./backend.ts";

export type { Found } from "./_cas/records.ts";

/** Keys of a store, and where the next ones begin. */
export interface Keys {
  readonly keys: readonly string[];
  /** Undefined after the last ones. */
  readonly cursor: string | undefined;
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
  readonly #records: CasRecords<Mark> = new CasRecords(this, this.#users);

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

  /**
   * Returns some keys of the store, at most this many, in an order of the store's own, and where the next ones begin: needed only
   * for `scan`. Every key that is there from the first call to the last is among them. Throws ConfigError `cursor` for a text that
   * is no cursor. The default throws ConfigError `backend`.
   */
  keys(_cursor: string | undefined, _most: number): Awaitable<Keys> {
    return refuseScan("scan");
  }

  override async load(id: string): Promise<SessionData> {
    const seen = await this.#records.look(id);
    return seen === undefined ? {} : dictionaryOf(seen.record);
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    if (timeout <= 0 || Object.keys(data).length === 0) {
      await this.take(id);
      return;
    }
    const record = restored(data, timeout, this.now());
    if (record.userId !== null) await this.#users.add(record.userId, id, record.absoluteExpiresAt);
    await this.set(id, textOf(record, this.maxBytes), this.#records.left(record));
  }

  override async read(handle: string): Promise<SessionRecord | undefined> {
    const found = await this.get(handle);
    if (found === undefined) return undefined;
    const seen = this.#records.seen(found);
    if (seen === undefined) return recordIn(found.text) === undefined ? illegible(this.now()) : undefined;
    if (seen.record.secretHash === "" || isMoved(seen.record)) return undefined;
    this.#records.remember(handle, seen);
    return snapshot(seen.record, this.now());
  }

  override create(handle: string, record: NewRecord): Promise<boolean> {
    return this.#records.turns.take(handle, () => this.#storeNew(handle, newRecord(record, this.now())));
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    const { userId, absoluteTimeout } = patch.rotation ?? {};
    const lists = userId !== undefined || absoluteTimeout !== undefined;
    return this.#records.change<PatchResult>(handle, "ended", (record, now) => {
      const answer = applyPatch(record, patch, now);
      return { answer, store: answer === "ok" || answer === "merged", lists };
    });
  }

  override touch(handle: string, idleTimeout: number): Promise<boolean> {
    return this.#records.change(handle, false, (record, now) => {
      return { answer: true, store: applyTouch(record, idleTimeout, now) };
    });
  }

  override async delete(handle: string, ifVersion?: number, why?: DeleteReason): Promise<boolean> {
    this.#records.forget(handle);
    // At once, without waiting for the turn of other calls.
    if (ifVersion === undefined && why !== "moved") {
      const text = await this.take(handle);
      return text !== undefined && (recordIn(text)?.expiresAt ?? 0) > this.now();
    }
    return this.#records.turns.take(handle, () =>
      this.#records.erase(handle, (record) => isMeant(record, ifVersion, why)),
    );
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    const handles = await this.#users.list(userId);
    const seen = await Promise.all(handles.map((handle) => this.#records.look(handle)));
    const now = this.now();
    return handles.flatMap((handle, index) => {
      const record = seen[index]?.record;
      return record?.userId === userId ? [{ handle, record: snapshot(record, now) }] : [];
    });
  }

  override async revokeUser(userId: string, except?: string): Promise<string[]> {
    const handles = (await this.#users.list(userId)).filter((handle) => handle !== except);
    const ended = await Promise.allSettled(
      handles.map((handle) => this.#records.erase(handle, (record) => record.userId === userId)),
    );
    // Ends all that it can, and only then fails for those that it could not.
    for (const one of ended) if (one.status === "rejected") throw one.reason;
    return handles.filter((_, index) => (ended[index] as PromiseFulfilledResult<boolean>).value);
  }

  override lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    return this.#records.change<number | "busy" | "ended">(handle, "ended", (record, now) => {
      const answer = applyLock(record, seconds, now);
      return { answer, store: answer !== "busy" };
    });
  }

  override relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    return this.#records.change(handle, false, (record, now) => {
      const answer = applyRelock(record, fence, seconds, now);
      return { answer, store: answer };
    });
  }

  override standings(handles: readonly string[]): Awaitable<readonly Standing[]> {
    return standingsByRead({ read: (handle) => this.#peek(handle) }, handles);
  }

  override async scan(options: ScanOptions): Promise<ScanPage> {
    if (options.userId !== undefined) return pageOfUser(this, options.userId, options);
    const { keys, cursor } = await this.keys(options.cursor, options.limit);
    const sessions = await Promise.all(
      [...new Set(keys)].filter(isHandle).map(async (handle) => {
        const record = await this.#peek(handle);
        return isAskedFor(record, options) ? [{ handle, record }] : [];
      }),
    );
    return { sessions: sessions.flat(), cursor };
  }

  override adopt(handle: string, record: WholeRecord, instead?: string): Promise<boolean> {
    return this.#records.turns.take(handle, async () => {
      if (!isAdoptable(record)) return false;
      const adopted = adoptedRecord(record, this.now());
      if (instead === undefined) return this.#storeNew(handle, adopted);
      const seen = await this.#records.look(handle);
      if (seen === undefined || !mayAdopt(seen.record, record, instead)) return false;
      const text = textOf(adopted, this.maxBytes);
      if (adopted.userId !== null) await this.#users.add(adopted.userId, handle, adopted.absoluteExpiresAt);
      return this.replace(handle, text, this.#records.left(adopted), seen.mark);
    });
  }

  override moveOut(handle: string): Promise<WholeRecord | undefined> {
    const mark = (record: StoredRecord, now: number) => {
      const store = !isMoved(record);
      applyMove(record);
      return { answer: wholeRecord(record, now), store };
    };
    return this.#records.change<WholeRecord | undefined>(handle, undefined, mark, true);
  }

  /** Stores a record if its handle is free, after it was listed for its user. */
  async #storeNew(handle: string, stored: StoredRecord): Promise<boolean> {
    const began = this.now();
    const text = textOf(stored, this.maxBytes);
    if (stored.userId !== null) await this.#users.add(stored.userId, handle, stored.absoluteExpiresAt);
    // After this long, others may have taken it off the list again.
    if (this.now() - began > GRACE / 2) throw new Error(`session ${handle} was held up; it was not stored`);
    if (await this.add(handle, text, this.#records.left(stored))) return true;
    const there = await this.get(handle);
    const old = there && recordIn(there.text);
    if (there === undefined || old === undefined || old.expiresAt > this.now()) return false;
    return this.replace(handle, text, this.#records.left(stored), there.mark);
  }

  /** Returns what is there, also if it was moved out. */
  async #peek(handle: string): Promise<SessionRecord | undefined> {
    const seen = await this.#records.look(handle);
    return seen && snapshot(seen.record, this.now());
  }
}
