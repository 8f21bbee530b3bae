import { ConfigError } from "../../errors.ts";
import type { PostgresLike } from "./like.ts";

/** Options of `PostgresSessionBackend`. */
export interface PostgresOptions {
  /**
   * Name of the table, default "sessions"; also "schema.table". Letters, digits and `_`, as written. A second one is
   * named after it: `…_schema`.
   */
  readonly table?: string;
  /** Whether the table is made and kept up to date at the first use; default true. See `postgresSchema`. */
  readonly migrate?: boolean;
  /** Whether statements are prepared; default true. False for poolers that give every transaction another connection. */
  readonly prepare?: boolean;
  /** Whether the database tells listeners of `channel` which session was changed or has ended; default false. */
  readonly notify?: boolean;
  /** Seconds between two searches for expired records, more or less; default 300. With 0 only `prune` deletes them. */
  readonly pruneInterval?: number;
}

/** The names of what is in the database, quoted for SQL. */
export interface Names {
  /** As the option was given, for messages. */
  readonly given: string;
  readonly table: string;
  readonly versions: string;
  readonly notifier: string;
  readonly channel: string;
  readonly userIndex: string;
  readonly pruneIndex: string;
}

type Settings = Required<Omit<PostgresOptions, "table">> & { readonly names: Names };

/** The options with their defaults. Throws ConfigError that names the one which is wrong. */
export function resolveOptions(client: PostgresLike, options: PostgresOptions): Settings {
  const { table = "sessions", migrate = true, prepare = true, notify = false, pruneInterval = 300 } = options;
  const { query, unsafe } = Object(client) as { query?: unknown; unsafe?: unknown };
  if (typeof query !== "function" && typeof unsafe !== "function") {
    throw new ConfigError("backend", "PostgresSessionBackend takes a Pool of pg or the sql of postgres");
  }
  if (!(pruneInterval >= 0)) throw new ConfigError("pruneInterval", "must be a number of seconds, 0 or more");
  return { names: namesOf(table), migrate, prepare, notify, pruneInterval };
}

/** Throws ConfigError `table` if it is no name. */
export function namesOf(given: string): Names {
  // PostgreSQL cuts names off after 63 bytes; the longest of ours adds 11.
  const parts = /^(?:([a-z_][a-z0-9_]{0,62})\.)?([a-z_][a-z0-9_]{0,49})$/i.exec(given);
  if (parts === null) {
    const rule = "letters, digits and _, at most 50, or two of them with a dot between";
    throw new ConfigError("table", `"${given}" is not a name of ${rule}`);
  }
  const [, schema, name] = parts;
  const prefix = schema === undefined ? "" : `"${schema}".`;
  return {
    given,
    table: `${prefix}"${name}"`,
    versions: `${prefix}"${name}_schema"`,
    notifier: `${prefix}"${name}_notify"`,
    // Without the schema: one process may leave it to the search path, and another one write it out.
    channel: `micropie_${name}`,
    userIndex: `"${name}_user_id"`,
    pruneIndex: `"${name}_prune_slot"`,
  };
}
