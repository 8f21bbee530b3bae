import { ConfigError } from "../../errors.ts";

/** Options of `D1SessionBackend`. */
export interface D1Options {
  /** Name of the table; default "sessions". Letters, digits and `_`. A second one is named after it: `…_schema`. */
  readonly table?: string;
  /** Makes the table when it is missing; default true. With false, run what `d1Schema` answers as a migration. */
  readonly migrate?: boolean;
  /** Seconds between the new sessions of one isolate that also delete some expired records; default 60. */
  readonly pruneInterval?: number;
}

/** The options with their defaults. Throws ConfigError that names the one which is wrong. */
export function resolveOptions(db: unknown, options: D1Options): Required<D1Options> {
  const { table = "sessions", migrate = true, pruneInterval = 60 } = options;
  const { prepare, batch, getBookmark } = Object(db) as Record<string, unknown>;
  if (typeof prepare !== "function" || typeof batch !== "function") {
    throw new ConfigError("backend", "D1SessionBackend takes a D1 database, as `env.DB` in a Worker");
  }
  if (getBookmark !== undefined) {
    const problem =
      "what withSession answers may read from a replica, where a session that has ended lives on";
    throw new ConfigError("backend", `${problem}. Pass the database itself: it asks the primary.`);
  }
  checkTable(table);
  if (typeof migrate !== "boolean") throw new ConfigError("migrate", "must be true or false");
  if (!(pruneInterval >= 0)) {
    throw new ConfigError("pruneInterval", "must be a number of seconds, 0 or more");
  }
  return { table, migrate, pruneInterval };
}

export function checkTable(table: string): void {
  if (/^(?!sqlite_|d1_|_cf_)[a-z_][a-z0-9_]{0,59}$/i.test(table)) return;
  throw new ConfigError(
    "table",
    `"${table}" is not a name of letters, digits and _ (not sqlite_…, d1_…, _cf_…)`,
  );
}
