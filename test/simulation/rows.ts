import type {
  DeleteReason,
  EndChannel,
  EndListener,
  NewRecord,
  UserSession,
  WholeRecord,
} from "micropie/backends/backend";
import {
  adoptedRecord,
  applyMove,
  isMoved,
  mayAdopt,
  newRecord,
  type StoredRecord,
  snapshot,
  wholeRecord,
} from "micropie/backends/full";
import type { Environment } from "micropie/environment";

/** The records of a model of a database server, and who listens to what becomes of them. Each method is one moment. */
export class Rows<More extends object = object> {
  readonly environment: Environment;
  #rows = new Map<string, StoredRecord & More>();
  readonly #listeners = new Set<EndListener>();

  constructor(environment: Environment) {
    this.environment = environment;
  }

  now(): number {
    return this.environment.now();
  }

  get(handle: string): (StoredRecord & More) | undefined {
    return this.#rows.get(handle);
  }

  /** The record, if it has not expired. */
  live(handle: string): (StoredRecord & More) | undefined {
    const row = this.#rows.get(handle);
    return row !== undefined && row.expiresAt > this.now() ? row : undefined;
  }

  /** The record, if requests find it: it has neither expired nor moved to another store. */
  usable(handle: string): (StoredRecord & More) | undefined {
    const row = this.live(handle);
    return row === undefined || isMoved(row) ? undefined : row;
  }

  create(handle: string, record: NewRecord, more: More): boolean {
    if (this.live(handle) !== undefined) return false;
    this.#rows.set(handle, { ...newRecord(record, this.now()), ...more });
    return true;
  }

  /** Deletes what is there, and tells whether that was live. */
  delete(handle: string, why: DeleteReason): boolean {
    const isLive = this.live(handle) !== undefined;
    this.#rows.delete(handle);
    if (isLive) this.tell(handle, why);
    return isLive;
  }

  tell(handle: string, reason: DeleteReason | "rights"): void {
    // It lives on, in another store.
    if (reason === "moved") return;
    const epoch = this.#rows.get(handle)?.epoch ?? 0;
    const notice = reason === "rights" ? { handle, reason, epoch } : { handle, reason };
    for (const listener of this.#listeners) listener.told(notice);
  }

  listen(listener: EndListener): EndChannel {
    this.#listeners.add(listener);
    return {
      beat: (text) => listener.heard(text),
      close: () => void this.#listeners.delete(listener),
    };
  }

  /** The live sessions of a user. */
  of(userId: string): [handle: string, row: StoredRecord & More][] {
    return [...this.#rows].filter(
      ([handle, row]) => row.userId === userId && this.live(handle) !== undefined,
    );
  }

  /** The live sessions after this handle, at most so many, in the order of their handles. */
  after(handle: string, most: number): UserSession[] {
    const handles = [...this.#rows.keys()].filter((each) => each > handle && this.live(each) !== undefined);
    return handles
      .sort()
      .slice(0, most)
      .map((each) => ({ handle: each, record: snapshot(this.#rows.get(each)!, this.now()) }));
  }

  adopt(handle: string, record: WholeRecord, instead: string | undefined, more: More): boolean {
    if (!mayAdopt(this.live(handle), record, instead)) return false;
    this.#rows.set(handle, { ...adoptedRecord(record, this.now()), ...more });
    return true;
  }

  moveOut(handle: string): WholeRecord | undefined {
    const row = this.live(handle);
    if (row === undefined) return undefined;
    applyMove(row);
    return wholeRecord(row, this.now());
  }

  prune(): number {
    const due = [...this.#rows.keys()].filter((handle) => this.live(handle) === undefined);
    for (const handle of due) this.#rows.delete(handle);
    return due.length;
  }

  copy(): () => void {
    const copy = new Map([...this.#rows].map(([handle, row]) => [handle, structuredClone(row)]));
    return () => {
      this.#rows = copy;
    };
  }
}
