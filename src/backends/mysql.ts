import { sleep } from "../environment.ts";
import { isUsable } from "../record/moved.ts";
import { adoptedRecord, isAdoptable, snapshot, wholeRecord } from "../record/record.ts";
import { dictionaryOf, restored } from "./_dictionary.ts";
import { type Database, isPool, openDatabase } from "./_mysql/database.ts";
import { isDuplicate } from "./_mysql/error.ts";
import type { MysqlCallbackLike, MysqlLike, MysqlQuery } from "./_mysql/like.ts";
import { type MysqlOptions, namesOf, resolveOptions } from "./_mysql/options.ts";
import { patchQuery } from "./_mysql/patch.ts";
import { prepareTable } from "./_mysql/prepare.ts";
import { padded, removeThose } from "./_mysql/removal.ts";
import { type LiveRow, momentValues, ofUser, seen } from "./_mysql/row.ts";
import { countAll, scanPage } from "./_mysql/scan.ts";
import { BATCH, type Statements, writeStatements } from "./_mysql/statements.ts";
import { tableStatement } from "./_mysql/table.ts";
import { patchRow } from "./_sql/patch.ts";
import { startPruning } from "./_sql/pruner.ts";
import { type SqlValue, toValues } from "./_sql/row.ts";
import { Turns } from "./_turns.ts";
import {
  type DeleteReason,
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

export type { MysqlCallbackLike, MysqlLike, MysqlQuery } from "./_mysql/like.ts";
export type { MysqlOptions } from "./_mysql/options.ts";

/**
 * Returns the SQL that creates the table, to be run by hand with `createTable: false`. It can be run again.
 * Throws ConfigError `table` if the name is not valid.
 */
export function mysqlSchema(table = "sessions"): string {
  return `${tableStatement(namesOf(table))};\n`;
}

/**
 * Stores sessions in MySQL (8.0 or newer) or MariaDB (10.6 or newer), which any number of processes may share.
 *
 * Takes a pool of mysql2 or of mariadb, which it never closes. A single connection works where one is enough; inside a
 * transaction that you hold open on it, sessions are written and rolled back with it. The pool must reach the server
 * that takes the writes, with the character set utf8mb4, which both clients use by default.
 *
 * Creates its table at the first use, unless `createTable` is false; a call rejects with ConfigError if that fails, and
 * the next call tries again. Every step is one statement; the database's clock decides expiry.
 */
export class MysqlSessionBackend extends SessionBackend {
  readonly #db: Database;
  readonly #sql: Statements;
  readonly #turns = new Turns(this);
  readonly #stopPruning: () => void;

  constructor(client: MysqlLike | MysqlCallbackLike, options: MysqlOptions = {}) {
    super();
    const { client: pool, names, createTable, pruneInterval } = resolveOptions(client, options);
    this.#db = openDatabase(this, pool, () => prepareTable(openDatabase(this, pool), names, createTable));
    this.#sql = writeStatements(names.table, isPool(pool));
    this.#stopPruning = startPruning(
      this,
      pruneInterval,
      async () => (await this.#takeDue(0)).found === BATCH,
    );
  }

  override async load(id: string): Promise<SessionData> {
    const record = await this.#live(id);
    return record === undefined ? {} : dictionaryOf(record);
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    if (timeout <= 0 || Object.keys(data).length === 0) {
      await this.delete(id);
      return;
    }
    const [row] = await this.#db.rows<{ now: number }>(this.#sql.now);
    await this.#db.write(this.#sql.replace, toValues(id, restored(data, timeout, row!.now)));
  }

  override async read(handle: string): Promise<SessionRecord | undefined> {
    const [row] = await this.#db.rows<LiveRow>(this.#sql.read, [handle]);
    if (row === undefined || row.secretHash === "" || !isUsable(row, row.now)) return undefined;
    return snapshot(row, row.now);
  }

  override async create(handle: string, record: NewRecord): Promise<boolean> {
    const { data, secretHash, idleTimeout, absoluteTimeout, userId, head } = record;
    const first = Math.min(idleTimeout, absoluteTimeout);
    const values = [handle, data, secretHash, first, absoluteTimeout, userId, head];
    return this.#insert(this.#sql.insert, handle, values);
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    return patchRow(handle, patch, {
      environment: this.environment,
      store: (...row) => this.#update(...patchQuery(this.#sql, handle, patch, ...row)),
      read: () => this.#live(handle),
      inTurn: (work) => this.#turns.take(handle, work),
    });
  }

  override async touch(handle: string, idleTimeout: number): Promise<boolean> {
    const { affectedRows } = await this.#db.write(this.#sql.touch, [idleTimeout, handle]);
    // No row changed: it is gone, or there was nothing to move and this connection counts only changed rows.
    return affectedRows > 0 || (await this.#live(handle)) !== undefined;
  }

  override async delete(handle: string, ifVersion?: number, why?: DeleteReason): Promise<boolean> {
    const values = [handle, ifVersion ?? null];
    const below = ifVersion === undefined && why === "moved" ? 0 : null;
    if ((await this.#db.write(this.#sql.remove, [...values, below])).affectedRows > 0) return true;
    await this.#db.write(this.#sql.removeExpired, values);
    return false;
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    const rows = await this.#db.rows<LiveRow>(this.#sql.selectUser, ofUser(userId));
    return rows.map(seen);
  }

  override async revokeUser(userId: string, except = ""): Promise<string[]> {
    const user = ofUser(userId);
    const rows = await this.#db.rows<{ handle: string }>(this.#sql.selectHandles, [...user, except]);
    const handles = rows.map((row) => row.handle);
    return removeThose(this.#db, this.#sql, handles, this.#sql.claimOfUser, user);
  }

  override async lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    const { affectedRows, insertId } = await this.#db.write(this.#sql.lock, [seconds, handle, seconds]);
    if (affectedRows > 0) return Number(insertId);
    return (await this.#live(handle)) === undefined ? "ended" : "busy";
  }

  override async relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    const until = seconds > 0 ? [1, seconds] : [0, 0];
    const { affectedRows } = await this.#db.write(this.#sql.relock, [...until, handle, fence]);
    // As with `touch`: releasing a lock that has run out changes nothing.
    return affectedRows > 0 || (await this.#live(handle))?.fence === fence;
  }

  override async standings(handles: readonly string[]): Promise<Standing[]> {
    if (handles.length === 0) return [];
    const places = padded(handles);
    const rows = await this.#db.rows<StandingRow>(this.#sql.selectStandings(places.length), places);
    return rows.map(({ handle, epoch, remaining }) => ({ handle, epoch, left: remaining }));
  }

  override scan(options: ScanOptions): Promise<ScanPage> {
    const { userId } = options;
    return scanPage(this.#db, this.#sql, options, userId === undefined ? undefined : ofUser(userId));
  }

  override countAll(): Promise<SessionCount> {
    return countAll(this.#db, this.#sql);
  }

  override deleteMany(handles: readonly string[]): Promise<string[]> {
    return removeThose(this.#db, this.#sql, handles, this.#sql.claimLive);
  }

  override async adopt(handle: string, record: WholeRecord, instead?: string): Promise<boolean> {
    if (!isAdoptable(record)) return false;
    const values = momentValues(handle, adoptedRecord(record, 0));
    if (instead === undefined) return this.#insert(this.#sql.adopt, handle, values);
    return this.#update(this.#sql.substitute, [...values, handle, instead]);
  }

  override async moveOut(handle: string): Promise<WholeRecord | undefined> {
    await this.#db.write(this.#sql.moveOut, [handle]);
    // Nothing changes it any more but what ends it.
    const [row] = await this.#db.rows<LiveRow>(this.#sql.selectMoved, [handle]);
    return row && wholeRecord(row, row.now);
  }

  /** Deletes every expired record, in small batches. */
  override async prune(): Promise<number> {
    for (let total = 0; ; await sleep(this.environment, 0.001)) {
      const { found, ended } = await this.#takeDue(1);
      total += ended;
      if (found < BATCH) return total;
    }
  }

  /** Stops deleting expired records. The client stays open. May be called again. */
  override close(): void {
    this.#stopPruning();
  }

  async #live(handle: string): Promise<LiveRow | undefined> {
    const [row] = await this.#db.rows<LiveRow>(this.#sql.select, [handle]);
    return row !== undefined && isUsable(row, row.now) ? row : undefined;
  }

  /** Stores a record if its handle is free. */
  async #insert(statement: MysqlQuery, handle: string, values: SqlValue[]): Promise<boolean> {
    const isNew = async (): Promise<boolean> => {
      try {
        await this.#db.write(statement, values);
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    };
    if (await isNew()) return true;
    // An expired record leaves its handle free, for whoever inserts first.
    await this.#db.write(this.#sql.removeExpired, [handle, null]);
    return isNew();
  }

  async #update(statement: MysqlQuery, values: SqlValue[]): Promise<boolean> {
    return (await this.#db.write(statement, values)).affectedRows > 0;
  }

  /** Deletes some expired records: with 0, those in slots that are wholly over; with 1, any. */
  async #takeDue(slots: 0 | 1): Promise<{ found: number; ended: number }> {
    const due = await this.#db.rows<DueRow>(this.#sql.selectDue, [slots]);
    const handles = due.map(({ handle }) => handle);
    const ended = new Set(await removeThose(this.#db, this.#sql, handles, this.#sql.claimExpired));
    for (const { handle, userId, claimedBy } of due) {
      // The end of a record that somebody else had claimed was theirs to report.
      if (claimedBy === null && ended.has(handle)) this.onExpired?.(handle, userId);
    }
    return { found: due.length, ended: ended.size };
  }
}

interface StandingRow {
  readonly handle: string;
  readonly epoch: number;
  readonly remaining: number;
}

interface DueRow {
  readonly handle: string;
  readonly userId: string | null;
  readonly claimedBy: string | null;
}
