import { isMoved, isUsable } from "../record/moved.ts";
import { newRecord, type StoredRecord, snapshot } from "../record/record.ts";
import { dictionaryOf, restored } from "./_dictionary.ts";
import { Channels } from "./_postgres/channel.ts";
import { type Answer, changed, type Database, openDatabase, type Statement } from "./_postgres/client.ts";
import { earsOf } from "./_postgres/ears.ts";
import type { PostgresLike, PostgresValue } from "./_postgres/like.ts";
import { adopt, movedIn } from "./_postgres/move.ts";
import { namesOf, type PostgresOptions, resolveOptions } from "./_postgres/options.ts";
import { patchQuery } from "./_postgres/patch.ts";
import { prepareTable } from "./_postgres/prepare.ts";
import { toRead, toSession } from "./_postgres/row.ts";
import { countAll, scanPage } from "./_postgres/scan.ts";
import { type Statements, writeStatements } from "./_postgres/statements.ts";
import { tableScript } from "./_postgres/table.ts";
import { patchRow } from "./_sql/patch.ts";
import { startPruning } from "./_sql/pruner.ts";
import { toValues } from "./_sql/row.ts";
import { shared } from "./_sql/shared.ts";
import { Turns } from "./_turns.ts";
import {
  type DeleteReason,
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

export type { PgLike, PostgresJsLike, PostgresLike, PostgresValue } from "./_postgres/like.ts";
export type { PostgresOptions } from "./_postgres/options.ts";

/** How many expired records one statement deletes: some milliseconds of work. */
const BATCH = 500;
/** The same for `prune`, which is in no hurry. */
const LARGE_BATCH = 5000;

/**
 * Stores sessions in a PostgreSQL database (12 or newer), which any number of processes and machines may share.
 *
 * Takes a `Pool` of pg, or the `sql` of postgres (postgres.js), which it never closes: end it yourself after `close`. Each
 * method is one atomic statement without a transaction or connection state, so a transaction pooler may be in between
 * (with `prepare: false`, unless it supports prepared statements). The database's clock decides expiry.
 *
 * Creates its table at the first use, unless `createTable` is false; until that has succeeded, each call tries again.
 * Throws ConfigError `table`, `backend` or `pruneInterval` from the constructor; later, calls reject with a ConfigError
 * if the table cannot be used, and with the driver's error if the database fails.
 */
export class PostgresSessionBackend extends SessionBackend {
  readonly #db: Database;
  readonly #sql: Statements;
  readonly #prepare: () => Promise<void>;
  readonly #pruneInterval: number;
  readonly #turns = new Turns(this);
  readonly #channels: Channels;
  #isReady = false;
  #isClosed = false;
  #stopPruning: (() => void) | undefined;

  constructor(client: PostgresLike, options: PostgresOptions = {}) {
    super();
    const { prepare, listen, pruneInterval, names, createTable } = resolveOptions(client, options);
    this.#db = openDatabase(client, prepare);
    this.#sql = writeStatements(names);
    this.#channels = new Channels(listen ? earsOf(client) : undefined, names.channel);
    this.#prepare = shared(this, () => prepareTable(this.#db, names, createTable));
    this.#pruneInterval = pruneInterval;
  }

  /** Creates or checks the table now instead of at the first use. Rejects like any call. */
  async ready(): Promise<void> {
    await this.#prepare();
    this.#isReady = true;
    if (!this.#isClosed) {
      this.#stopPruning ??= startPruning(this, this.#pruneInterval, async () => {
        const due = await this.#takeDue(this.#sql.removeDueSlots, BATCH);
        return due === BATCH;
      });
    }
  }

  override load(id: string): Promise<SessionData> {
    return this.#live(id).then((record) => (record === undefined ? {} : dictionaryOf(record)));
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    const { remove, clock, replace } = this.#sql;
    if (timeout <= 0 || Object.keys(data).length === 0)
      return this.#run(remove, [id, null, "logged_out"], ignore);
    const now = await this.#run(clock, [], ({ rows }) => Number(rows[0]?.[0]));
    return this.#run(replace, toValues(id, restored(data, timeout, now)), ignore);
  }

  override read(handle: string): Promise<SessionRecord | undefined> {
    return this.#run(this.#sql.select, [handle], ({ rows }) => {
      if (rows[0] === undefined) return undefined;
      const { record, now } = toRead(rows[0]);
      return record.secretHash === "" || isMoved(record) ? undefined : snapshot(record, now);
    });
  }

  override create(handle: string, record: NewRecord): Promise<boolean> {
    return this.#run(this.#sql.insert, toValues(handle, newRecord(record, 0)), changed);
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    return patchRow(handle, patch, {
      environment: this.environment,
      store: (...row) => this.#run(...patchQuery(this.#sql, handle, patch, ...row), changed),
      read: () => this.#live(handle),
      inTurn: (work) => this.#turns.take(handle, work),
    });
  }

  override touch(handle: string, idleTimeout: number): Promise<boolean> {
    return this.#run(this.#sql.touch, [handle, idleTimeout], changed);
  }

  override delete(handle: string, ifVersion?: number, why: DeleteReason = "logged_out"): Promise<boolean> {
    const values = [handle, ifVersion ?? null, why];
    return this.#run(this.#sql.remove, values, ({ rows }) => rows[0]?.[0] === handle);
  }

  override listByUser(userId: string): Promise<UserSession[]> {
    return this.#run(this.#sql.selectUser, [userId], ({ rows }) => rows.map(toSession));
  }

  override revokeUser(userId: string, except = ""): Promise<string[]> {
    return this.#run(this.#sql.removeUser, [userId, except], ended);
  }

  override async lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    const fence = await this.#run(this.#sql.lock, [handle, seconds], ({ rows }) => rows[0]?.[0]);
    if (fence !== undefined) return Number(fence);
    return (await this.#live(handle)) === undefined ? "ended" : "busy";
  }

  override relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    return this.#run(this.#sql.relock, [handle, fence, seconds], changed);
  }

  override standings(handles: readonly string[]): Promise<Standing[]> {
    return this.#run(this.#sql.selectStandings, [`{${handles.join()}}`], ({ rows }) =>
      (rows as string[][]).map(([handle, epoch, left]) => {
        return { handle: handle!, epoch: Number(epoch), left: Number(left) };
      }),
    );
  }

  override listen(listener: EndListener): Promise<EndChannel | undefined> {
    return this.#channels.open(listener, (...sent) => this.#run(this.#sql.notify, sent, ignore));
  }

  override scan(options: ScanOptions): Promise<ScanPage> {
    return scanPage((...query) => this.#run(...query), this.#sql, options);
  }

  override countAll(): Promise<SessionCount> {
    return countAll((...query) => this.#run(...query), this.#sql);
  }

  override deleteMany(
    handles: readonly string[],
    why: Exclude<DeleteReason, "moved"> = "logged_out",
  ): Promise<string[]> {
    return this.#run(this.#sql.removeMany, [`{${handles.join()}}`, why], ended);
  }

  override adopt(handle: string, record: WholeRecord, instead?: string): Promise<boolean> {
    return adopt((...query) => this.#run(...query), this.#sql, handle, record, instead);
  }

  override moveOut(handle: string): Promise<WholeRecord | undefined> {
    return this.#run(this.#sql.moveOut, [handle], movedIn);
  }

  /** Deletes every expired record, in batches. Several processes may call it at once; one of them deletes each record. */
  override async prune(): Promise<number> {
    let total = 0;
    for (const statement of [this.#sql.removeDueSlots, this.#sql.removeDue]) {
      for (let due = LARGE_BATCH; due === LARGE_BATCH; total += due) {
        due = await this.#takeDue(statement, LARGE_BATCH);
      }
    }
    return total;
  }

  /** Stops deleting expired records. The client stays open and the back-end usable. */
  override close(): void {
    this.#isClosed = true;
    this.#stopPruning?.();
  }

  #live(handle: string): Promise<StoredRecord | undefined> {
    return this.#run(this.#sql.select, [handle], ({ rows }) => {
      if (rows[0] === undefined) return undefined;
      const { record, now } = toRead(rows[0]);
      return isUsable(record, now) ? record : undefined;
    });
  }

  #takeDue(statement: Statement, limit: number): Promise<number> {
    return this.#run(statement, [limit], ({ rows }) => {
      for (const [handle, userId] of rows) this.onExpired?.(handle as string, userId as string | null);
      return rows.length;
    });
  }

  #run<R>(statement: Statement, values: PostgresValue[], use: (answer: Answer) => R): Promise<R> {
    if (this.#isReady) return this.#db.run(statement, values, use);
    return this.ready().then(() => this.#db.run(statement, values, use));
  }
}

/** Returns the handles of deleted records that were live. */
function ended({ rows }: Answer): string[] {
  return rows.flatMap(([handle]) => (handle === null ? [] : [handle as string]));
}

function ignore(): void {}

/**
 * Returns the SQL that creates the table of this name, to be run by hand with `createTable: false`. It is one statement,
 * all of it or nothing, and does nothing if it was run before. Throws ConfigError `table` if the name is not valid.
 */
export function postgresSchema(table: string = "sessions"): string {
  return tableScript(namesOf(table));
}
