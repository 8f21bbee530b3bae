import type { Environment } from "../../environment.ts";
import type { Awaitable } from "../../record/contract.ts";
import { isMoved } from "../../record/moved.ts";
import type { StoredRecord } from "../../record/record.ts";
import { untilDone } from "../_attempts.ts";
import { Recent } from "../_recent.ts";
import { Turns } from "../_turns.ts";
import { recordIn, textOf } from "./record-text.ts";
import type { UserIndex } from "./user-index.ts";

/** What a store has under a key. */
export interface Found<Mark> {
  readonly text: string;
  /** Tells later whether the key still has this text: a version, a revision, an ETag; or the text itself. */
  readonly mark: Mark;
}

/** What is needed of the store. */
interface Store<Mark> {
  readonly environment: Environment;
  readonly maxBytes: number;
  now(): number;
  get(key: string): Awaitable<Found<Mark> | undefined>;
  replace(key: string, text: string, seconds: number, mark: Mark): Awaitable<boolean>;
  remove(key: string, mark: Mark): Awaitable<boolean>;
}

/** About how many bytes of memory the records take that were read last. */
const REMEMBERED = 4 * 1024 * 1024;

/** A record that was found and has not expired. */
export interface Seen<Mark> {
  readonly record: StoredRecord;
  readonly mark: Mark;
}

/** What came of a change of a record: what to return, whether to store it, and whether to list it for its user first. */
interface Change<R> {
  readonly answer: R;
  readonly store: boolean;
  readonly lists?: boolean;
}

/** The records of a store with compare-and-swap: each change is made to what was read, and stored if that is still there. */
export class CasRecords<Mark> {
  readonly #store: Store<Mark>;
  readonly #users: UserIndex<Mark>;
  /** Changes of one session by this process run one after the other, so that they conflict only with other processes. */
  readonly turns: Turns;
  readonly #recent: Recent<Seen<Mark>> = new Recent(REMEMBERED);

  constructor(store: Store<Mark>, users: UserIndex<Mark>) {
    this.#store = store;
    this.#users = users;
    this.turns = new Turns(store);
  }

  /** The change after a read is one call. */
  remember(handle: string, seen: Seen<Mark>): void {
    const { data, head } = seen.record;
    this.#recent.set(handle, seen, 500 + 2 * (data.length + head.length));
  }

  forget(handle: string): void {
    this.#recent.delete(handle);
  }

  /** Returns what is there, is a record and has not expired. */
  async look(handle: string): Promise<Seen<Mark> | undefined> {
    const found = await this.#store.get(handle);
    return found && this.seen(found);
  }

  /** The same, of what was found. */
  seen({ text, mark }: Found<Mark>): Seen<Mark> | undefined {
    const record = recordIn(text);
    return record !== undefined && record.expiresAt > this.#store.now() ? { record, mark } : undefined;
  }

  /** Changes a record that requests find, with `andMoved` also one that was moved out; returns `ended` if there is none. */
  change<R>(
    handle: string,
    ended: R,
    change: (record: StoredRecord, now: number) => Change<R>,
    andMoved = false,
  ): Promise<R> {
    return this.turns.take(handle, async () => {
      let remembered = this.#recent.get(handle);
      this.#recent.delete(handle);
      const done = await untilDone(this.#store.environment, `session ${handle}`, async () => {
        const answer = remembered && (await this.#attempt(handle, remembered, change));
        remembered = undefined;
        // What was remembered may be out of date, so it is no reason to refuse the change.
        if (answer?.stored) return answer;
        const seen = await this.look(handle);
        if (seen === undefined || (isMoved(seen.record) && !andMoved))
          return { answer: ended, stored: false };
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
    const { answer, store, lists } = change(record, this.#store.now());
    if (!store) return { answer, stored: false };
    const text = textOf(record, this.#store.maxBytes);
    if (lists && record.userId !== null)
      await this.#users.add(record.userId, handle, record.absoluteExpiresAt);
    // Listing it may have taken so long that it has expired, and others have seen that.
    if (seen.record.expiresAt <= this.#store.now()) return undefined;
    const stored = await this.#store.replace(handle, text, this.left(record), seen.mark);
    return stored ? { answer, stored } : undefined;
  }

  /** Deletes what is there if `isMeant`. Returns whether this ended a live session. */
  erase(handle: string, isMeant: (record: StoredRecord) => boolean): Promise<boolean> {
    return untilDone(this.#store.environment, `session ${handle}`, async () => {
      const seen = await this.look(handle);
      if (seen === undefined || !isMeant(seen.record)) return false;
      return (await this.#store.remove(handle, seen.mark)) || undefined;
    });
  }

  /** Returns the seconds until its deadline. */
  left(record: StoredRecord): number {
    return record.expiresAt - this.#store.now();
  }
}
