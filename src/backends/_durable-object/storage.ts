import type { D1Like, D1Result, D1Statement } from "../_d1/like.ts";
import type { SqlValue } from "../_sql/row.ts";

/** The storage of a Durable Object with the methods used here. */
export interface ObjectStorage {
  readonly sql: { exec(query: string, ...bindings: SqlValue[]): { toArray(): unknown[] } };
  transactionSync<T>(closure: () => T): T;
  getAlarm(): Promise<number | null>;
  setAlarm(scheduledTime: number): Promise<void>;
}

/** The SQLite database of a Durable Object, with the interface of D1. */
export class StorageAsD1 implements D1Like {
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  prepare(sql: string): BoundStatement {
    return new BoundStatement(this.#storage, sql, []);
  }

  async batch(statements: D1Statement[]): Promise<D1Result[]> {
    return this.#storage.transactionSync(() =>
      statements.map((statement) => (statement as BoundStatement).now()),
    );
  }
}

class BoundStatement implements D1Statement {
  readonly #storage: ObjectStorage;
  readonly #sql: string;
  readonly #values: readonly SqlValue[];

  constructor(storage: ObjectStorage, sql: string, values: readonly SqlValue[]) {
    this.#storage = storage;
    this.#sql = sql;
    this.#values = values;
  }

  bind(...values: SqlValue[]): BoundStatement {
    return new BoundStatement(this.#storage, this.#sql, values);
  }

  async all(): Promise<D1Result> {
    return this.now();
  }

  now(): D1Result {
    return { results: this.#storage.sql.exec(this.#sql, ...this.#values).toArray() };
  }
}
