import type { SqlValue } from "../_sql/row.ts";

/** A statement as a driver takes it, with the options that decide the shape of the answer. */
export interface MysqlQuery {
  readonly sql: string;
  readonly rowsAsArray: boolean;
}

/** A pool or a connection with the method used here: those of mysql2/promise and of mariadb fit. */
export interface MysqlLike {
  execute(query: MysqlQuery, values: SqlValue[]): Promise<unknown>;
}

/** A pool or a connection of mysql2 with callbacks; `promise` returns the same with promises. */
export interface MysqlCallbackLike {
  promise(): MysqlLike;
}
