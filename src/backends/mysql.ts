import { pause } from "./_attempts.ts";
import { dictionaryOf, restored } from "./_dictionary.ts";
import { Turns } from "./_fallback/turns.ts";
import { type Database, isPool, openDatabase } from "./_mysql/database.ts";
import { isDuplicate } from "./_mysql/error.ts";
import type { MysqlCallbackLike, MysqlLike } from "./_mysql/like.ts";
import { prepareSchema } from "./_mysql/migrate.ts";
import { type MysqlOptions, namesOf, resolveOptions } from "./_mysql/options.ts";
import { removeThose } from "./_mysql/removal.ts";
import { handleOf, isLive, type MysqlRow, toSessionRecord, toStoredRecord } from "./_mysql/row.ts";
import { schemaStatements } from "./_mysql/schema.ts";
import { BATCH, type Statements, writeStatements } from "./_mysql/statements.ts";
import type { StoredRecord } from "./_record.ts";
import { patchRow } from "./_sql/patch.ts";
import { startPruning } from "./_sql/pruner.ts";
import { type SqlValue, toValues } from "./_sql/row.ts";
import {
  type NewRecord,
  type PatchResult,
  type Rotation,
  SessionBackend,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type UserSession,
} from "./backend.ts";

export type { MysqlCallbackLike, MysqlLike, MysqlQuery } from "./_mysql/like.ts";
export type { MysqlOptions } from "./_mysql/options.ts";

/** The SQL that makes the tables, for `migrate: false`. May be run again. Throws ConfigError `table` for a bad name. */
export function mysqlSchema(table = "sessions"): string {
  return schemaStatements(namesOf(table))
    .map((statement) => `${statement};\n`)
    .join("\n");
}

/**
 * Sessions in MySQL (8.0 or newer) or MariaDB (10.6 or newer), shared by any number of processes.
 *
 * Takes a pool of mysql2 or of mariadb, which stays yours: `close` leaves it open. A single connection will do where
 * one is enough; inside a transaction that you hold open on it, sessions are written and undone with it. The pool must
 * reach the server that takes the writes, with the character set utf8mb4, which both clients choose by themselves.
 *
 * Makes its table at the first use and keeps it up to date, unless `migrate` is off; a call rejects with ConfigError if
 * that cannot be done, and the next call tries again. Every step is one statement; the database's clock decides.
 */
export class MysqlSessionBackend extends SessionBackend {
  readonly #db: Database;
  readonly #sql: Statements;
  readonly #turns = new Turns();
  readonly #stopPruning: () => void;

  constructor(client: MysqlLike | MysqlCallbackLike, options: MysqlOptions = {}) {
    super();
    const { client: pool, names, migrate, pruneInterval } = resolveOptions(client, options);
    this.#db = openDatabase(pool, () => prepareSchema(openDatabase(pool), names, migrate));
    this.#sql = writeStatements(names.table, isPool(pool));
    this.#stopPruning = startPruning(pruneInterval, async () => (await this.#takeDue(0)).found === BATCH);
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
    const [row] = await this.#db.rows<[number]>(this.#sql.now);
    await this.#db.write(this.#sql.replace, toValues(id, restored(data, timeout, row![0])));
  }

  override async read(handle: string): Promise<SessionRecord | undefined> {
    const [row] = await this.#db.rows<MysqlRow>(this.#sql.read, [handle]);
    if (row === undefined || !isLive(row)) return undefined;
    const record = toSessionRecord(row);
    return record.secretHash === "" ? undefined : record;
  }

  override async create(handle: string, record: NewRecord): Promise<boolean> {
    const { data, secretHash, userId } = record;
    const values = [handle, data, secretHash, ...lifetimeOf(record), userId];
    if (await this.#insert(values)) return true;
    // An expired record gives its place away. Whoever comes between the two steps has it.
    await this.#db.write(this.#sql.removeExpired, [handle, null]);
    return this.#insert(values);
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    return patchRow(handle, patch, {
      store: (data, version) => this.#store(handle, patch, data, version),
      read: () => this.#live(handle),
      inTurn: (work) => this.#turns.take(handle, work),
    });
  }

  override async touch(handle: string, idleTimeout: number): Promise<boolean> {
    const { affectedRows } = await this.#db.write(this.#sql.touch, [idleTimeout, handle]);
    // None changed: it is gone, or there was nothing to move and this connection counts changes only.
    return affectedRows > 0 || (await this.#live(handle)) !== undefined;
  }

  override async delete(handle: string, ifVersion?: number): Promise<boolean> {
    const values = [handle, ifVersion ?? null];
    if ((await this.#db.write(this.#sql.remove, values)).affectedRows > 0) return true;
    await this.#db.write(this.#sql.removeExpired, values);
    return false;
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    const rows = await this.#db.rows<MysqlRow>(this.#sql.selectUser, ofUser(userId));
    return rows.map((row) => ({ handle: handleOf(row), record: toSessionRecord(row) }));
  }

  override async revokeUser(userId: string, except = ""): Promise<string[]> {
    const user = ofUser(userId);
    const rows = await this.#db.rows<[string]>(this.#sql.selectHandles, [...user, except]);
    const handles = rows.map(([handle]) => handle);
    return removeThose(this.#db, this.#sql, handles, this.#sql.claimOfUser, user);
  }

  override async lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    const { affectedRows, insertId } = await this.#db.write(this.#sql.lock, [seconds, handle]);
    if (affectedRows > 0) return Number(insertId);
    return (await this.#live(handle)) === undefined ? "ended" : "busy";
  }

  override async relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    const until = seconds > 0 ? [1, seconds] : [0, 0];
    const { affectedRows } = await this.#db.write(this.#sql.relock, [...until, handle, fence]);
    // As with `touch`: what was free before has not changed by being freed.
    return affectedRows > 0 || (await this.#live(handle))?.fence === fence;
  }

  /** Deletes every expired record, in small batches. */
  override async prune(): Promise<number> {
    for (let total = 0; ; await pause(1)) {
      const { found, ended } = await this.#takeDue(1);
      total += ended;
      if (found < BATCH) return total;
    }
  }

  /** Stops deleting expired records. The client stays open. May be called again. */
  override close(): void {
    this.#stopPruning();
  }

  async #live(handle: string): Promise<StoredRecord | undefined> {
    const [row] = await this.#db.rows<MysqlRow>(this.#sql.select, [handle]);
    return row !== undefined && isLive(row) ? toStoredRecord(row) : undefined;
  }

  async #insert(values: SqlValue[]): Promise<boolean> {
    try {
      await this.#db.write(this.#sql.insert, values);
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  async #store(handle: string, patch: SessionPatch, data: string, version: number): Promise<boolean> {
    const { rotation, ifEpoch, ifFence = null, ifSecretHash = null, idleTimeout } = patch;
    const conditions = [handle, version, ifEpoch, ifFence, ifSecretHash];
    let written: Promise<{ readonly affectedRows: number }>;
    if (rotation === undefined) {
      written = this.#db.write(this.#sql.store, [data, idleTimeout, ...conditions]);
    } else {
      const { secretHash, grace, raiseEpoch, userId = null, lifetime } = rotation;
      const rotated = [data, grace, secretHash, raiseEpoch ? 1 : 0, userId];
      if (lifetime === undefined) {
        written = this.#db.write(this.#sql.rotate, [...rotated, idleTimeout, ...conditions]);
      } else {
        written = this.#db.write(this.#sql.renew, [...rotated, ...lifetimeOf(lifetime), ...conditions]);
      }
    }
    return (await written).affectedRows > 0;
  }

  /** With 0 only what the index alone shows to be expired, so what expired some minutes ago may stay; with 1 all. */
  async #takeDue(slots: 0 | 1): Promise<{ found: number; ended: number }> {
    const due = await this.#db.rows<[string, string | null, string | null]>(this.#sql.selectDue, [slots]);
    const handles = due.map(([handle]) => handle);
    const ended = new Set(await removeThose(this.#db, this.#sql, handles, this.#sql.claimExpired));
    for (const [handle, userId, claimedBy] of due) {
      // What somebody had claimed before was theirs to tell of.
      if (claimedBy === null && ended.has(handle)) this.onExpired?.(handle, userId);
    }
    return { found: due.length, ended: ended.size };
  }
}

/** Seconds until the first deadline and until the last, and what is stored of the lifetime. */
function lifetimeOf({
  idleTimeout,
  absoluteTimeout,
  persistent,
}: NonNullable<Rotation["lifetime"]>): SqlValue[] {
  return [Math.min(idleTimeout, absoluteTimeout), absoluteTimeout, idleTimeout, persistent ? 1 : 0];
}

/** What finds the records of a user: see `isOfUser`. */
function ofUser(userId: string): SqlValue[] {
  return [userId, new TextEncoder().encode(userId).length];
}
