import { sleep } from "../environment.ts";
import { isUsable } from "../record/moved.ts";
import { LOCK_SLACK, newRecord, snapshot } from "../record/record.ts";
import { dictionaryOf, restored } from "./_dictionary.ts";
import { type Row, toValues } from "./_sql/row.ts";
import { whenFree } from "./_sqlite/busy.ts";
import { watchChanges } from "./_sqlite/changes.ts";
import type { SqliteLike } from "./_sqlite/like.ts";
import { adopt, moveOut } from "./_sqlite/move.ts";
import { openFile, prepareHandle } from "./_sqlite/open.ts";
import { resolveOptions, type SqliteOptions } from "./_sqlite/options.ts";
import { changed, patchSync, storePatch } from "./_sqlite/patch.ts";
import type { Room } from "./_sqlite/room.ts";
import { countAll, scanPage } from "./_sqlite/scan.ts";
import { prepareStatements, type Statements } from "./_sqlite/statements.ts";
import {
  type Awaitable,
  type EndChannel,
  type EndListener,
  type NewRecord,
  type PatchResult,
  type ScanOptions,
  type ScanPage,
  SessionBackend,
  type SessionCount,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type Standing,
  type UserSession,
  type WholeRecord,
} from "./backend.ts";

export type { SqliteLike, SqliteStatement, SqliteValue } from "./_sqlite/like.ts";
export type { SqliteOptions } from "./_sqlite/options.ts";

/** How many expired records one statement deletes: some milliseconds of work. */
const BATCH = 500;

/**
 * Stores sessions in an SQLite file, which several processes on one machine may share; not over a network file system.
 *
 * Takes a path, which it opens with node:sqlite in WAL mode and closes in `close`; or a database that you have opened,
 * whose settings it leaves alone: a busy timeout of its own (better-sqlite3: five seconds) blocks the event loop, and
 * inside a transaction that you hold open, sessions are written and rolled back with it. Creates its table if it is missing.
 *
 * Methods return at once; only while another process is writing do they return a promise, which retries until
 * `busyTimeout` and then rejects with the driver's error. Throws ConfigError `backend` at the start if the file
 * cannot be used.
 */
export class SqliteSessionBackend extends SessionBackend {
  readonly #db: SqliteLike;
  readonly #sql: Statements;
  readonly #busyTimeout: number;
  readonly #pruneInterval: number;
  readonly #room: Room | undefined;
  #close: (() => void) | undefined;
  #pruneAt = 0;

  constructor(database: string | SqliteLike, options: SqliteOptions = {}) {
    super();
    const settings = resolveOptions(database, options);
    const { table } = settings;
    this.#busyTimeout = settings.busyTimeout;
    this.#pruneInterval = settings.pruneInterval;
    if (typeof database === "string") {
      const { db, room } = openFile(database, settings);
      this.#close = () => db.close();
      this.#db = db;
      this.#sql = prepareStatements(db, table);
      this.#room = room;
    } else {
      prepareHandle(database, settings);
      this.#db = database;
      this.#sql = prepareStatements(database, table);
    }
  }

  override load(id: string): Awaitable<SessionData> {
    return this.#try(() => {
      const row = this.#live(id);
      return row === undefined ? {} : dictionaryOf(row);
    });
  }

  override save(id: string, data: SessionData, timeout: number): Awaitable<void> {
    return this.#try(() => {
      if (timeout <= 0 || Object.keys(data).length === 0) this.#sql.remove.all(id, null, null);
      else this.#sql.replace.run(...toValues(id, restored(data, timeout, this.now())));
    });
  }

  override read(handle: string): Awaitable<SessionRecord | undefined> {
    return this.#try(() => {
      const row = this.#live(handle);
      return row === undefined || row.secretHash === "" ? undefined : snapshot(row, this.now());
    });
  }

  override create(handle: string, record: NewRecord): Awaitable<boolean> {
    return this.#write(() => {
      const now = this.now();
      return changed(this.#sql.insert.run(...toValues(handle, newRecord(record, now)), now));
    });
  }

  override patch(handle: string, patch: SessionPatch): Awaitable<PatchResult> {
    const store = (data: string, version: number): boolean =>
      storePatch(this.#sql, handle, patch, data, version, this.now());
    return this.#write(() => patchSync(handle, patch, { store, read: () => this.#live(handle) }));
  }

  override touch(handle: string, idleTimeout: number): Awaitable<boolean> {
    return this.#write(() => {
      const now = this.now();
      return changed(this.#sql.touch.run(now + idleTimeout, handle, now));
    });
  }

  override delete(handle: string, ifVersion?: number, why = ""): Awaitable<boolean> {
    const below = ifVersion === undefined && why === "moved" ? 0 : null;
    const remove = (): Row[] => this.#sql.remove.all(handle, ifVersion ?? null, below) as Row[];
    return this.#try(() => this.#ended(remove()).length > 0);
  }

  override listByUser(userId: string): Awaitable<UserSession[]> {
    return this.#try(() => {
      const now = this.now();
      const rows = this.#sql.selectUser.all(userId, now) as Row[];
      return rows.map((row) => ({ handle: row.handle, record: snapshot(row, now) }));
    });
  }

  override revokeUser(userId: string, except = ""): Awaitable<string[]> {
    return this.#try(() => {
      return this.#ended(this.#sql.removeUser.all(userId, except) as Row[]);
    });
  }

  override lock(handle: string, seconds: number): Awaitable<number | "busy" | "ended"> {
    return this.#try(() => {
      const now = this.now();
      const latest = now + seconds + LOCK_SLACK;
      const [row] = this.#sql.lock.all(now + seconds, handle, now, now, latest) as Row[];
      if (row !== undefined) return row.fence;
      return this.#live(handle) === undefined ? "ended" : "busy";
    });
  }

  override relock(handle: string, fence: number, seconds: number): Awaitable<boolean> {
    return this.#try(() => {
      const now = this.now();
      return changed(this.#sql.relock.run(seconds > 0 ? now + seconds : 0, handle, fence, now));
    });
  }

  override standings(handles: readonly string[]): Awaitable<Standing[]> {
    return this.#try(() => {
      const now = this.now();
      const rows = this.#sql.selectStandings.all(JSON.stringify(handles), now) as Row[];
      return rows.map(({ handle, epoch, expiresAt }) => ({ handle, epoch, left: expiresAt - now }));
    });
  }

  /** What this process ends, its engine tells by itself. */
  override listen(listener: EndListener): Awaitable<EndChannel> {
    return this.#try(() => watchChanges(this.#db, listener));
  }

  override scan(options: ScanOptions): Awaitable<ScanPage> {
    return this.#try(() => scanPage(this.#sql, options, this.now()));
  }

  override countAll(): Promise<SessionCount> {
    return countAll(this.#sql, this, (work) => this.#try(work));
  }

  override deleteMany(handles: readonly string[]): Awaitable<string[]> {
    return this.#try(() => this.#ended(this.#sql.removeMany.all(JSON.stringify(handles)) as Row[]));
  }

  override adopt(handle: string, record: WholeRecord, instead?: string): Awaitable<boolean> {
    return this.#write(() => adopt(this.#sql, handle, record, instead, this.now()));
  }

  override moveOut(handle: string): Awaitable<WholeRecord | undefined> {
    return this.#write(() => moveOut(this.#sql, handle, this.now()));
  }

  /** Deletes every expired record, in small batches with room for other work in between. */
  override async prune(): Promise<number> {
    for (let total = 0; ; await sleep(this.environment, 0.001)) {
      const due = await this.#try(() => this.#takeDue());
      this.#announce(due);
      total += due.length;
      if (due.length < BATCH) return total;
    }
  }

  /** Closes the file that it opened, but not a database that was passed in. May be called again. */
  override close(): void {
    const close = this.#close;
    this.#close = undefined;
    close?.();
  }

  #live(handle: string): Row | undefined {
    const row = this.#sql.select.get(handle) as Row | null | undefined;
    return row != null && isUsable(row, this.now()) ? row : undefined;
  }

  /** Returns the handles of deleted records that were live. */
  #ended(rows: readonly Row[]): string[] {
    const now = this.now();
    return rows.filter((row) => row.expiresAt > now).map((row) => row.handle);
  }

  #write<R>(work: () => R): Awaitable<R> {
    const result = this.#try(work);
    if (this.now() >= this.#pruneAt) this.#pruneSome();
    return result;
  }

  #pruneSome(): void {
    this.#pruneAt = this.now() + this.#pruneInterval;
    let due: Row[];
    try {
      due = this.#takeDue();
    } catch {
      // Another process is writing, or the store fails: no reason to fail the write that has just succeeded.
      return;
    }
    // More than a batch is due: soon again, or the table would grow faster than it is pruned.
    if (due.length === BATCH) this.#pruneAt = this.now() + Math.min(0.1, this.#pruneInterval);
    this.#announce(due);
  }

  #takeDue(): Row[] {
    return this.#sql.removeDue.all(this.now(), BATCH) as Row[];
  }

  #announce(expired: readonly Row[]): void {
    for (const { handle, userId } of expired) this.onExpired?.(handle, userId);
  }

  #try<R>(work: () => R): Awaitable<R> {
    const room = this.#room;
    return whenFree(this.environment, this.#busyTimeout, room === undefined ? work : () => room.within(work));
  }
}
