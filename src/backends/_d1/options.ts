import { type Duration, secondsOf } from "../../duration.ts";
import { ConfigError } from "../../errors.ts";
import { type Resolved, refuseUnknown } from "../../option-names.ts";
import { refuseOther } from "../_kind.ts";

/** Options of `D1SessionBackend`. */
export interface D1Options {
  /** Name of the table: letters, digits and `_`; default "sessions". */
  readonly table?: string | undefined;
  /** Whether to create the table if it is missing; default true. With false, run the SQL of `d1Schema` as a migration. */
  readonly createTable?: boolean | undefined;
  /** Time between two new sessions in one isolate that also delete some expired records; default 60 s. */
  readonly pruneInterval?: Duration | undefined;
}

/** Returns the options with their defaults. Throws ConfigError that names the wrong one. */
export function resolveOptions(db: unknown, options: D1Options): Resolved<D1Options> {
  refuseUnknown(options, ["table", "createTable", "pruneInterval"]);
  const { table = "sessions", createTable = true } = options;
  const wanted = "D1SessionBackend takes a D1 database, as `env.DB` in a Worker";
  refuseOther(db, ["a D1 database"], wanted);
  const { prepare, batch, getBookmark } = Object(db) as Record<string, unknown>;
  if (typeof prepare !== "function" || typeof batch !== "function") {
    throw new ConfigError("backend", wanted);
  }
  if (getBookmark !== undefined) {
    const problem = "a session of withSession may read from a replica, where an ended session is still there";
    throw new ConfigError("backend", `${problem}. Pass the database itself, which asks the primary.`);
  }
  checkTable(table);
  if (typeof createTable !== "boolean") throw new ConfigError("createTable", "must be true or false");
  const pruneInterval = secondsOf("pruneInterval", options.pruneInterval, 60, 0);
  return { table, createTable, pruneInterval };
}

export function checkTable(table: string): void {
  if (/^(?!sqlite_|d1_|_cf_)[a-z_][a-z0-9_]{0,59}$/i.test(table)) return;
  throw new ConfigError(
    "table",
    `"${table}" is not a name of letters, digits and _ (not sqlite_…, d1_…, _cf_…)`,
  );
}
