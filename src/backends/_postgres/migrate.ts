import { ConfigError } from "../../errors.ts";
import { COLUMNS } from "../_sql/row.ts";
import { codeOf, type Database } from "./client.ts";
import type { Names } from "./options.ts";
import { schemaScript, TRIGGERS, VERSION } from "./schema.ts";

/** What has to be there, and whether it may be made. */
export interface Wanted {
  readonly names: Names;
  readonly migrate: boolean;
  readonly notify: boolean;
}

/** Makes sure that the table is there and ours. Throws ConfigError that says what to do if it cannot be. */
export async function prepareSchema(db: Database, wanted: Wanted): Promise<void> {
  const { names, migrate, notify } = wanted;
  const before = await stateOf(db, wanted);
  if (before === "ready") return;
  if (!migrate) {
    if (before === "foreign") throw notOurs(names);
    const problem = `the table "${names.given}" is not there, or not as this micropie needs it`;
    const advice = `Run the SQL that ${callOf(wanted)} answers, or leave this option on`;
    throw new ConfigError("migrate", `${problem}. ${advice}.`);
  }
  try {
    await db.script(schemaScript(names, notify));
  } catch (error) {
    // Another thing has one of our names, if it is not our own table, which somebody else has just made.
    if (codeOf(error) !== "42P07" && codeOf(error) !== "42710") throw explained(error, wanted);
  }
  if ((await stateOf(db, wanted)) !== "ready") throw notOurs(names);
}

/** `missing` is what the script can make, `foreign` what it will not touch. Throws ConfigError if it is too new. */
async function stateOf(db: Database, { names, notify }: Wanted): Promise<"ready" | "missing" | "foreign"> {
  const triggers = TRIGGERS.map((name) => `'${name}'`).join(", ");
  const { rows } = await db.script(
    `SELECT (to_regclass('${names.versions}') IS NOT NULL)::text,
      (SELECT string_agg(attname, ' ') FROM pg_attribute
        WHERE attrelid = to_regclass('${names.table}') AND attnum > 0 AND NOT attisdropped),
      (SELECT count(*) FROM pg_trigger
        WHERE tgrelid = to_regclass('${names.table}') AND tgname IN (${triggers}))::text`,
  );
  const [versioned, columns, told] = rows[0] as [string, string | null, string];
  const version = versioned === "true" ? await versionOf(db, names) : 0;
  if (version > VERSION) {
    const problem = `the table "${names.given}" was made by a newer micropie`;
    throw new ConfigError("backend", `${problem}. Update this one.`);
  }
  const present = columns?.split(" ") ?? [];
  if (version === 0) return present.length === 0 ? "missing" : "foreign";
  if (version < VERSION) return "missing";
  if (![...COLUMNS, "prune_slot"].every((name) => present.includes(name))) return "foreign";
  return !notify || Number(told) === TRIGGERS.length ? "ready" : "missing";
}

async function versionOf(db: Database, names: Names): Promise<number> {
  const { rows } = await db.script(`SELECT max(version)::text FROM ${names.versions}`);
  return Number(rows[0]?.[0] ?? 0);
}

/** What answers the SQL that somebody else may run. */
function callOf({ names, notify }: Wanted): string {
  return `postgresSchema("${names.given}"${notify ? ", { notify: true }" : ""})`;
}

function notOurs({ given }: Names): ConfigError {
  const problem = `the database has a table "${given}" that is not ours (or was changed)`;
  return new ConfigError("table", `${problem}. Choose another name with this option.`);
}

/** What the server says when the table cannot be made, in words that say what to do. */
function explained(error: unknown, wanted: Wanted): unknown {
  const { names } = wanted;
  switch (codeOf(error)) {
    case "3F000":
      return new ConfigError("table", `there is no such schema: "${names.given}". Create it first.`, {
        cause: error,
      });
    case "42501": {
      const problem = `this role may not make the table "${names.given}"`;
      const advice = `Have its owner run the SQL of ${callOf(wanted)}, or grant CREATE on the schema`;
      return new ConfigError("migrate", `${problem}. ${advice}.`, { cause: error });
    }
    default:
      return error;
  }
}
