import { ConfigError } from "../errors.ts";
import type { Resolved } from "../option-names.ts";
import { adoptedRecord, isAdoptable, snapshot, wholeRecord } from "../record/record.ts";
import type { D1Like, D1Statement } from "./_d1/like.ts";
import { checkTable, type D1Options, resolveOptions } from "./_d1/options.ts";
import { ended, freshValues, type LiveRow, seen } from "./_d1/row.ts";
import { type Statements, statements } from "./_d1/statements.ts";
import { isTableError, prepareTable } from "./_d1/table.ts";
import { dictionaryOf, fromDictionary, plainRecord } from "./_dictionary.ts";
import { afterIn } from "./_scan.ts";
import { LAST, lookedAt, pageOf } from "./_sql/page.ts";
import { patchRow } from "./_sql/patch.ts";
import { type Row, type SqlValue, toValues } from "./_sql/row.ts";
import { sqliteTable } from "./_sql/sqlite-table.ts";
import {
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

export type { D1Like, D1Result, D1Statement } from "./_d1/like.ts";
export type { D1Options } from "./_d1/options.ts";

/** How many expired records are deleted along with a new session: some milliseconds of work. */
const ALONG = 100;

/** How many expired records one statement of `prune` deletes. */
const BATCH = 1000;

/**
 * Stores sessions in Cloudflare D1. Takes the database binding (`env.DB`), not a session of `withSession`: every
 * statement must reach the primary, also with read replication. The database's clock decides expiry.
 *
 * Each method is one statement, so one round trip; only a save that meets another one takes more. The table is created
 * when a statement finds it missing, so a fresh isolate sends no extra statement; see `createTable`. Some new sessions
 * delete up to 100 expired records in the same round trip; `prune`, called from a Cron Trigger, deletes them all.
 *
 * A record is one row of at most 2 MB. Throws ConfigError at the start for a wrong option; the first statement rejects
 * with ConfigError `backend` or `createTable` if the table has other columns or is missing. Other errors are D1's.
 */
export class D1SessionBackend extends SessionBackend {
  readonly #db: D1Like;
  readonly #sql: Statements;
  readonly #options: Resolved<D1Options>;
  #pruneAt = 0;

  constructor(db: D1Like, options: D1Options = {}) {
    super();
    this.#options = resolveOptions(db, options);
    this.#db = db;
    this.#sql = statements(this.#options.table);
  }

  override async load(id: string): Promise<SessionData> {
    const row = await this.#live(id);
    return row === undefined ? {} : dictionaryOf(row);
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    if (timeout <= 0 || Object.keys(data).length === 0) {
      await this.#run(this.#sql.remove, id, null, "");
      return;
    }
    const record = fromDictionary(data);
    if (record !== undefined) await this.#run(this.#sql.restore, ...toValues(id, record), timeout);
    else await this.#run(this.#sql.replace, ...freshValues(id, plainRecord(data, timeout)));
  }

  override async read(handle: string): Promise<SessionRecord | undefined> {
    const row = await this.#live(handle);
    return row === undefined || row.secretHash === "" ? undefined : snapshot(row, row.now);
  }

  override async create(handle: string, record: NewRecord): Promise<boolean> {
    const values = freshValues(handle, record);
    if (this.now() < this.#pruneAt) return (await this.#run(this.#sql.insert, ...values)).length > 0;
    this.#pruneAt = this.now() + this.#options.pruneInterval;
    const [created = [], due = []] = await this.#try(async () => {
      const both = [this.#bound(this.#sql.insert, values), this.#bound(this.#sql.removeDue, [ALONG])];
      return (await this.#db.batch(both)).map(({ results }) => results as LiveRow[]);
    });
    // More are due: again with the next session, or the table would grow faster than it is pruned.
    if (due.length === ALONG) this.#pruneAt = 0;
    this.#announce(due);
    return created.length > 0;
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    return patchRow(handle, patch, {
      environment: this.environment,
      store: (...row) => this.#store(handle, patch, ...row),
      read: () => this.#live(handle),
    });
  }

  override async touch(handle: string, idleTimeout: number): Promise<boolean> {
    return (await this.#run(this.#sql.touch, handle, idleTimeout)).length > 0;
  }

  override async delete(handle: string, ifVersion?: number, why = ""): Promise<boolean> {
    const [row] = await this.#run(this.#sql.remove, handle, ifVersion ?? null, why);
    return row !== undefined && row.live === 1;
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    const rows = await this.#run(this.#sql.selectUser, userId);
    return rows.map(seen);
  }

  override async revokeUser(userId: string, except = ""): Promise<string[]> {
    const rows = await this.#run(this.#sql.removeUser, userId, except);
    return ended(rows);
  }

  override async lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    const [row] = await this.#run(this.#sql.lock, handle, seconds);
    if (row !== undefined) return row.fence;
    return (await this.#live(handle)) === undefined ? "ended" : "busy";
  }

  override async relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    return (await this.#run(this.#sql.relock, handle, fence, seconds)).length > 0;
  }

  override async standings(handles: readonly string[]): Promise<Standing[]> {
    const rows = await this.#run(this.#sql.selectStandings, JSON.stringify(handles));
    return rows.map(({ handle, epoch, remaining }) => ({ handle, epoch, left: remaining }));
  }

  override async scan(options: ScanOptions): Promise<ScanPage> {
    const { cursor, limit, userId, signedIn } = options;
    const after = afterIn(cursor);
    if (userId !== undefined) {
      const rows = await this.#run(this.#sql.scanUser, userId, after, limit);
      return pageOf(rows.map(seen), options, undefined);
    }
    const [end] = await this.#run(this.#sql.scanEnd, after, lookedAt(options) - 1);
    const asked = signedIn === undefined ? null : Number(signedIn);
    const rows = await this.#run(this.#sql.scan, after, end?.handle ?? LAST, asked, limit);
    return pageOf(rows.map(seen), options, end?.handle);
  }

  /** Reads one entry of an index for each session, and two for one with a user: D1 counts these as rows read. */
  override async countAll(): Promise<SessionCount> {
    const [row] = await this.#run(this.#sql.count);
    const { sessions, signedIn } = row as unknown as SessionCount;
    return { sessions, signedIn, exact: true };
  }

  override async deleteMany(handles: readonly string[]): Promise<string[]> {
    return ended(await this.#run(this.#sql.removeMany, JSON.stringify(handles)));
  }

  override async adopt(handle: string, record: WholeRecord, instead?: string): Promise<boolean> {
    if (!isAdoptable(record)) return false;
    const values = toValues(handle, adoptedRecord(record, 0));
    if (instead === undefined) return (await this.#run(this.#sql.adopt, ...values)).length > 0;
    return (await this.#run(this.#sql.substitute, ...values, instead)).length > 0;
  }

  override async moveOut(handle: string): Promise<WholeRecord | undefined> {
    const [row] = await this.#run(this.#sql.moveOut, handle);
    return row && wholeRecord(row, row.now);
  }

  /** Deletes every expired record, a thousand with each statement. */
  override async prune(): Promise<number> {
    for (let total = 0; ; ) {
      const due = await this.#run(this.#sql.removeDue, BATCH);
      this.#announce(due);
      total += due.length;
      if (due.length < BATCH) return total;
    }
  }

  async #live(handle: string): Promise<LiveRow | undefined> {
    const [row] = await this.#run(this.#sql.select, handle);
    return row;
  }

  async #store(
    handle: string,
    patch: SessionPatch,
    data: string,
    version: number,
    ifSecretHash: string | null = null,
  ): Promise<boolean> {
    const { rotation, head = null, idleTimeout, ifEpoch, ifFence = null } = patch;
    const values = [handle, version, ifEpoch, ifFence, ifSecretHash, data, head, idleTimeout];
    if (rotation === undefined) return (await this.#run(this.#sql.store, ...values)).length > 0;
    const { secretHash, grace, raiseEpoch, userId = null, absoluteTimeout = null, restartIdle } = rotation;
    const first = absoluteTimeout === null && !restartIdle ? null : idleTimeout;
    values.push(grace, secretHash, raiseEpoch ? 1 : 0, userId, absoluteTimeout, first);
    return (await this.#run(this.#sql.rotate, ...values)).length > 0;
  }

  #announce(expired: readonly Row[]): void {
    for (const { handle, userId } of expired) this.onExpired?.(handle, userId);
  }

  async #run(sql: string, ...values: SqlValue[]): Promise<LiveRow[]> {
    const { results } = await this.#try(() => this.#bound(sql, values).all());
    return results as LiveRow[];
  }

  #bound(sql: string, values: SqlValue[]): D1Statement {
    return this.#db.prepare(sql).bind(...values);
  }

  /** Shares no promise between requests: one that belongs to a canceled request would never settle. */
  async #try<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      if (!isTableError(error)) throw error;
      const { table, createTable } = this.#options;
      if (createTable) await prepareTable(this.#db, table);
      else {
        const problem = `the database has no table "${table}", or not with the columns that this version needs`;
        throw new ConfigError("createTable", `${problem}. Run the SQL of d1Schema().`, { cause: error });
      }
      return work();
    }
  }
}

/**
 * Returns the SQL that creates the table of `D1SessionBackend`, for a file in the folder of `wrangler d1 migrations`.
 * It can be run again. Throws ConfigError `table`.
 */
export function d1Schema(table = "sessions"): string {
  checkTable(table);
  return `${sqliteTable(table).join(";\n")};\n`;
}
