import { ConfigError } from "../../errors.ts";
import { COLUMNS } from "../_sql/row.ts";
import { codeOf, type Database } from "./client.ts";
import type { Names } from "./options.ts";
import { TRIGGERS, tableScript } from "./table.ts";

/** What the database must have, and whether it may be created. */
export interface Wanted {
  readonly names: Names;
  readonly createTable: boolean;
  readonly notify: boolean;
}

/** Makes sure that the table is there, with our columns. Throws ConfigError that says what to do if that fails. */
export async function prepareTable(db: Database, wanted: Wanted): Promise<void> {
  const { names, createTable, notify } = wanted;
  const before = await stateOf(db, wanted);
  if (before === "ready") return;
  if (before === "foreign") throw notOurs(names);
  if (!createTable) {
    const problem = `the table "${names.given}" is missing, or lacks what the options need`;
    throw new ConfigError(
      "createTable",
      `${problem}. Run the SQL of ${callOf(wanted)}, or leave this option on.`,
    );
  }
  try {
    await db.script(tableScript(names, notify));
  } catch (error) {
    // Something else has one of the names, unless it is the table itself, which another process has just created.
    if (codeOf(error) !== "42P07" && codeOf(error) !== "42710") throw explained(error, wanted);
  }
  if ((await stateOf(db, wanted)) !== "ready") throw notOurs(names);
}

/** `missing` is what the script can create, `foreign` a table with other columns. */
async function stateOf(db: Database, { names, notify }: Wanted): Promise<"ready" | "missing" | "foreign"> {
  const triggers = TRIGGERS.map((name) => `'${name}'`).join(", ");
  const { rows } = await db.script(
    `SELECT (SELECT string_agg(attname, ' ') FROM pg_attribute
        WHERE attrelid = to_regclass('${names.table}') AND attnum > 0 AND NOT attisdropped),
      (SELECT count(*) FROM pg_trigger
        WHERE tgrelid = to_regclass('${names.table}') AND tgname IN (${triggers}))::text`,
  );
  const [columns, notified] = rows[0] as [string | null, string];
  if (columns === null) return "missing";
  const present = columns.split(" ");
  if (![...COLUMNS, "prune_slot"].every((name) => present.includes(name))) return "foreign";
  return !notify || Number(notified) === TRIGGERS.length ? "ready" : "missing";
}

/** Returns the call that returns the SQL, for messages. */
function callOf({ names, notify }: Wanted): string {
  return `postgresSchema("${names.given}"${notify ? ", { notify: true }" : ""})`;
}

function notOurs({ given }: Names): ConfigError {
  const problem = `the database has a table "${given}" that is not for sessions, or was changed`;
  return new ConfigError("table", `${problem}. Choose another name with this option.`);
}

/** Returns the server's error as a ConfigError that says what to do. */
function explained(error: unknown, wanted: Wanted): unknown {
  const { names } = wanted;
  switch (codeOf(error)) {
    case "3F000":
      return new ConfigError("table", `the schema of "${names.given}" does not exist. Create it first.`, {
        cause: error,
      });
    case "42501": {
      const problem = `this role may not create the table "${names.given}"`;
      const advice = `Have its owner run the SQL of ${callOf(wanted)}, or grant CREATE on the schema`;
      return new ConfigError("createTable", `${problem}. ${advice}.`, { cause: error });
    }
    default:
      return error;
  }
}
