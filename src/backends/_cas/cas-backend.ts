import { untilDone } from "../_attempts.ts";
import { dictionaryOf, restored } from "../_dictionary.ts";
import { Turns } from "../_fallback/turns.ts";
import { Recent } from "../_recent.ts";
import {
  applyLock,
  applyPatch,
  applyRelock,
  applyTouch,
  newRecord,
  type StoredRecord,
  snapshot,
} from "../_record.ts";
import {
  type NewRecord,
  type PatchResult,
  SessionBackend,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type UserSession,
} from "../backend.ts";
import { recordIn, textOf } from "./record-text.ts";
import type { CasStore } from "./store.ts";
import { GRACE, UserIndex } from "./user-index.ts";

/** About how many bytes of memory it takes to remember what was read last. */
const REMEMBERED = 4 * 1024 * 1024;

interface Seen<Mark> {
  readonly record: StoredRecord;
  readonly mark: Mark;
}

/** What a change has made of the record: whether to store it, and what to answer then, or instead. */
interface Change<R> {
  readonly answer: R;
  readonly store: boolean;
  /** Whether it is a sign-in: to be listed before it is stored. */
  readonly lists?: boolean;
}

/**
 * The whole contract over any store that can compare and swap: each record is one JSON text, and each change is made to
 * what was seen and stored only if that is still there. What was read last is remembered, so that the change that
 * follows it is one call. The clock is this process's own.
 */
export abstract class CasSessionBackend<Mark> extends SessionBackend {
  readonly #store: CasStore<Mark>;
  readonly #clock: (() => number) | undefined;
  readonly #users: UserIndex<Mark>;
  /** Changes of one session by this process go one after the other, and meet only those of other processes. */
  readonly #turns: Turns = new Turns();
  readonly #recent: Recent<Seen<Mark>> = new Recent(REMEMBERED);

  constructor(store: CasStore<Mark>, now: (() => number) | undefined) {
    super();
    this.#store = store;
    this.#clock = now;
    this.#users = new UserIndex(store, () => this.now());
  }

  override now(): number {
    return this.#clock === undefined ? this.environment.now() : this.#clock();
  }

  override async load(id: string): Promise<SessionData> {
    const seen = await this.#look(id);
    return seen === undefined ? {} : dictionaryOf(seen.record);
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    if (timeout <= 0 || Object.keys(data).length === 0) {
      await this.#store.take(id);
      return;
    }
    const record = restored(data, timeout, this.now());
    if (record.userId !== null) await this.#users.add(record.userId, id, record.absoluteExpiresAt);
    await this.#store.set(id, textOf(record, this.#store.maxBytes), this.#left(record));
  }

  override async read(handle: string): Promise<SessionRecord | undefined> {
    const seen = await this.#look(handle);
    if (seen === undefined || seen.record.secretHash === "") return undefined;
    this.#recent.set(handle, seen, 500 + 2 * seen.record.data.length);
    return snapshot(seen.record, this.now());
  }

  override create(handle: string, record: NewRecord): Promise<boolean> {
    return this.#turns.take(handle, async () => {
      const began = this.now();
      const stored = newRecord(record, began);
      const text = textOf(stored, this.#store.maxBytes);
      if (stored.userId !== null) await this.#users.add(stored.userId, handle, stored.absoluteExpiresAt);
      // Held up for so long that others may have taken it off the list again.
      if (this.now() - began > GRACE / 2) throw new Error(`session ${handle} was held up; it was not stored`);
      if (await this.#store.add(handle, text, this.#left(stored))) return true;
      const there = await this.#store.get(handle);
      if (there === undefined || recordIn(there.text, handle).expiresAt > this.now()) return false;
      return (await this.#store.replace(handle, text, this.#left(stored), there.mark)) === "stored";
    });
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    const { userId, lifetime } = patch.rotation ?? {};
    const lists = userId !== undefined || lifetime !== undefined;
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
    // At once, and not after what others are doing with it.
    if (ifVersion === undefined) {
      const text = await this.#store.take(handle);
      return text !== undefined && recordIn(text, handle).expiresAt > this.now();
    }
    return this.#turns.take(handle, () => this.#erase(handle, (record) => record.version === ifVersion));
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    const handles = await this.#users.list(userId);
    const seen = await Promise.all(handles.map((handle) => this.#look(handle)));
    const now = this.now();
    return handles
      .flatMap((handle, index) => {
        const record = seen[index]?.record;
        return record?.userId === userId ? [{ handle, record: snapshot(record, now) }] : [];
      })
      .sort((a, b) => a.record.createdAt - b.record.createdAt);
  }

  override async revokeUser(userId: string, except?: string): Promise<string[]> {
    const handles = (await this.#users.list(userId)).filter((handle) => handle !== except);
    const ended = await Promise.allSettled(
      handles.map((handle) => this.#erase(handle, (record) => record.userId === userId)),
    );
    // All that can be ended are, and then it is said that some could not.
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

  /** What is there and has not expired. */
  async #look(handle: string): Promise<Seen<Mark> | undefined> {
    const found = await this.#store.get(handle);
    if (found === undefined) return undefined;
    const record = recordIn(found.text, handle);
    return record.expiresAt > this.now() ? { record, mark: found.mark } : undefined;
  }

  #change<R>(handle: string, ended: R, change: (record: StoredRecord, now: number) => Change<R>): Promise<R> {
    return this.#turns.take(handle, async () => {
      let remembered = this.#recent.get(handle);
      this.#recent.delete(handle);
      const done = await untilDone(`session ${handle}`, async () => {
        const old = remembered;
        remembered = undefined;
        const answer = old && (await this.#attempt(handle, old, ended, change, true));
        if (answer !== undefined) return answer;
        const seen = await this.#look(handle);
        return seen === undefined ? { answer: ended } : this.#attempt(handle, seen, ended, change, false);
      });
      return done.answer;
    });
  }

  /** Undefined if it has to be looked up again: it has changed, or what is remembered is no ground for a refusal. */
  async #attempt<R>(
    handle: string,
    seen: Seen<Mark>,
    ended: R,
    change: (record: StoredRecord, now: number) => Change<R>,
    remembered: boolean,
  ): Promise<{ answer: R } | undefined> {
    const record = { ...seen.record };
    const now = this.now();
    if (record.expiresAt <= now) return remembered ? undefined : { answer: ended };
    const { answer, store, lists } = change(record, now);
    if (!store) return remembered ? undefined : { answer };
    const text = textOf(record, this.#store.maxBytes);
    if (lists && record.userId !== null)
      await this.#users.add(record.userId, handle, record.absoluteExpiresAt);
    // Listing it may have taken long: others may have seen it expire meanwhile.
    if (seen.record.expiresAt <= this.now()) return remembered ? undefined : { answer: ended };
    const stored = await this.#store.replace(handle, text, this.#left(record), seen.mark);
    if (stored === "gone") return { answer: ended };
    return stored === "stored" ? { answer } : undefined;
  }

  /** Deletes what is there if it is what was meant. Answers whether this ended a live session. */
  #erase(handle: string, isMeant: (record: StoredRecord) => boolean): Promise<boolean> {
    return untilDone(`session ${handle}`, async () => {
      const seen = await this.#look(handle);
      if (seen === undefined || !isMeant(seen.record)) return false;
      const removed = await this.#store.remove(handle, seen.mark);
      return removed === "changed" ? undefined : removed === "removed";
    });
  }

  #left(record: StoredRecord): number {
    return record.expiresAt - this.now();
  }
}
