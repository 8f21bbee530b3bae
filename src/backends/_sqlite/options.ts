import { type Duration, secondsOf } from "../../duration.ts";
import { ConfigError } from "../../errors.ts";
import { type Resolved, refuseUnknown } from "../../option-names.ts";
import { refuseOther } from "../_kind.ts";

/** Options of `SqliteSessionBackend`. */
export interface SqliteOptions {
  /** Name of the table: letters, digits and `_`; default "sessions". */
  readonly table?: string | undefined;
  /**
   * For a path: what a power loss may undo. "normal" (the default): the last writes, including sign-outs, but the file
   * is never damaged. "full": nothing that was answered, at one disk flush per write. A crash of the process undoes
   * nothing with either (https://sqlite.org/pragma.html#pragma_synchronous).
   */
  readonly synchronous?: "normal" | "full" | undefined;
  /** How long to retry while other processes write; default 5 s. */
  readonly busyTimeout?: Duration | undefined;
  /** Time between the writes that also delete some expired records; default 60 s. */
  readonly pruneInterval?: Duration | undefined;
}

/** Returns the options with their defaults. Throws ConfigError that names the wrong one. */
export function resolveOptions(database: unknown, options: SqliteOptions): Resolved<SqliteOptions> {
  refuseUnknown(options, ["table", "synchronous", "busyTimeout", "pruneInterval"]);
  const { table = "sessions", synchronous = "normal" } = options;
  const wanted = "SqliteSessionBackend takes a file path or an open SQLite database";
  if (typeof database !== "string") refuseOther(database, ["an SQLite database"], wanted);
  // A URL of another database would be the name of a file.
  else if (/^(?!file:)[a-z][a-z0-9+.-]+:\/\//i.test(database)) refuseOther(database, [], wanted);
  if (typeof database === "string" ? database === "" : !isHandle(database))
    throw new ConfigError("backend", wanted);
  if (!/^(?!sqlite_)[a-z_][a-z0-9_]{0,59}$/i.test(table)) {
    throw new ConfigError("table", `"${table}" is not a name of letters, digits and _ (not sqlite_…)`);
  }
  if (synchronous !== "normal" && synchronous !== "full") {
    throw new ConfigError("synchronous", 'must be "normal" or "full"');
  }
  const busyTimeout = secondsOf("busyTimeout", options.busyTimeout, 5, 0, "wait");
  const pruneInterval = secondsOf("pruneInterval", options.pruneInterval, 60, 0);
  return { table, synchronous, busyTimeout, pruneInterval };
}

function isHandle(database: unknown): boolean {
  const { exec, prepare } = Object(database) as { exec?: unknown; prepare?: unknown };
  return typeof exec === "function" && typeof prepare === "function";
}
