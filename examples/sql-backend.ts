/**
 * A full back-end of your own, over raw SQL: nine methods, each one atomic step of the database. Here SQLite; the statements
 * are much the same in others.
 *
 *     npx micropie examples/sql-backend.ts
 */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { App } from "micropie";
import type { NewRecord, PatchResult, SessionPatch, SessionRecord } from "micropie/backends/backend";
import type { StoredRecord } from "micropie/backends/full";
import { applyPatch, FullSessionBackend, newRecord, snapshot } from "micropie/backends/full";

type Row = StoredRecord & { handle: string };

// Each column has the name of the member that it holds.
const STORED = {
  ...{ data: "TEXT", head: "TEXT", userId: "TEXT", epoch: "INTEGER", version: "INTEGER" },
  ...{ secretHash: "TEXT", previousSecretHash: "TEXT", previousEpoch: "INTEGER", previousUntil: "REAL" },
  ...{ expiresAt: "REAL", absoluteExpiresAt: "REAL", fence: "INTEGER", lockedUntil: "REAL" },
} as const satisfies Record<keyof StoredRecord, string>;
const COLUMNS = Object.keys(STORED) as (keyof StoredRecord)[];
const PLACES = COLUMNS.map(() => "?");
const TABLE = Object.entries(STORED).map((column) => column.join(" "));

export class SqlBackend extends FullSessionBackend {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    super();
    this.#db = new DatabaseSync(path);
    this.#db.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    this.#db.exec(`CREATE TABLE IF NOT EXISTS sessions (handle TEXT PRIMARY KEY, ${TABLE})`);
    this.#db.exec(`CREATE INDEX IF NOT EXISTS sessions_user ON sessions (userId);
      CREATE INDEX IF NOT EXISTS sessions_expiry ON sessions (expiresAt)`);
  }

  read(handle: string): SessionRecord | undefined {
    const [row] = this.#run("SELECT * FROM sessions WHERE handle = ?", handle);
    return row && snapshot(row, this.now());
  }

  // Replaces a record that has expired, but never a live one.
  create(handle: string, record: NewRecord): boolean {
    const sql = `REPLACE INTO sessions (handle, ${COLUMNS}) SELECT ?, ${PLACES}
      WHERE NOT EXISTS (SELECT * FROM sessions WHERE handle = ? AND expiresAt > ?) RETURNING handle`;
    const values = valuesOf(newRecord(record, this.now()));
    return this.#run(sql, handle, ...values, handle, this.now()).length === 1;
  }

  // In a transaction, nobody else writes between what is read and what is stored.
  patch(handle: string, patch: SessionPatch): PatchResult {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const [row] = this.#run("SELECT * FROM sessions WHERE handle = ?", handle);
      if (row === undefined) return "ended";
      const result = applyPatch(row, patch, this.now());
      const sql = `UPDATE sessions SET (${COLUMNS}) = (${PLACES}) WHERE handle = ?`;
      if (result === "ok" || result === "merged") this.#run(sql, ...valuesOf(row), handle);
      return result;
    } finally {
      this.#db.exec("COMMIT");
    }
  }

  touch(handle: string, idleTimeout: number): boolean {
    const sql = `UPDATE sessions SET expiresAt = max(expiresAt, min(?, absoluteExpiresAt))
      WHERE handle = ? AND expiresAt > ? RETURNING handle`;
    return this.#run(sql, this.now() + idleTimeout, handle, this.now()).length === 1;
  }

  delete(handle: string, ifVersion: number | null = null): boolean {
    const sql =
      "DELETE FROM sessions WHERE handle = ? AND version = coalesce(?, version) RETURNING expiresAt";
    const [row] = this.#run(sql, handle, ifVersion);
    return row !== undefined && row.expiresAt > this.now();
  }

  listByUser(userId: string): { handle: string; record: SessionRecord }[] {
    const rows = this.#run("SELECT * FROM sessions WHERE userId = ? AND expiresAt > ?", userId, this.now());
    return rows.map((row) => ({ handle: row.handle, record: snapshot(row, this.now()) }));
  }

  revokeUser(userId: string, except = ""): string[] {
    const sql = "DELETE FROM sessions WHERE userId = ? AND handle <> ? RETURNING handle, expiresAt";
    const rows = this.#run(sql, userId, except).filter((row) => row.expiresAt > this.now());
    return rows.map((row) => row.handle);
  }

  // A lock that ends a minute later than this one would is from before the clock was set back.
  lock(handle: string, seconds: number): number | "busy" | "ended" {
    const until = this.now() + seconds;
    const sql = `UPDATE sessions SET fence = fence + 1, lockedUntil = ?
      WHERE handle = ? AND expiresAt > ? AND (lockedUntil <= ? OR lockedUntil > ?) RETURNING fence`;
    const [row] = this.#run(sql, until, handle, this.now(), this.now(), until + 60);
    return row?.fence ?? ((this.read(handle)?.expiresAt ?? 0) > this.now() ? "busy" : "ended");
  }

  relock(handle: string, fence: number, seconds: number): boolean {
    const sql = `UPDATE sessions SET lockedUntil = ? WHERE handle = ? AND fence = ? AND expiresAt > ?
      RETURNING handle`;
    return this.#run(sql, this.now() + seconds, handle, fence, this.now()).length === 1;
  }

  override prune(): number {
    const rows = this.#run("DELETE FROM sessions WHERE expiresAt <= ? RETURNING handle, userId", this.now());
    for (const { handle, userId } of rows) this.onExpired?.(handle, userId);
    return rows.length;
  }

  override close(): void {
    this.#db.close();
  }

  #run(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#db.prepare(sql).all(...values) as unknown as Row[];
  }
}

function valuesOf(record: StoredRecord): SQLInputValue[] {
  return COLUMNS.map((column) => record[column]);
}

class Visits extends App<{ visits: number }> {
  index(): string {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `You have visited ${session.visits} times.\n`;
  }
}
const app: Visits = new Visits({ sessionBackend: new SqlBackend(process.env.SESSIONS ?? "sessions.sqlite") });
export default app;
