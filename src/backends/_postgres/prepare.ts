import { ConfigError } from "../../errors.ts";
import { COLUMNS } from "../_sql/row.ts";
import { codeOf, type Database } from "./client.ts";
import type { Names } from "./options.ts";
import { tableScript } from "./table.ts";

/** Makes sure that the table is there, with our columns. Throws ConfigError that says what to do if that fails. */
export async function prepareTable(db: Database, names: Names, createTable: boolean): Promise<void> {
  await checkText(db);
  if (await hasTable(db, names)) return;
  if (!createTable) {
    const problem = `the table "${names.given}" is missing`;
    const advice = `Run the SQL of postgresSchema("${names.given}"), or leave this option on`;
    throw new ConfigError("createTable", `${problem}. ${advice}.`);
  }
  try {
    await db.script(tableScript(names));
  } catch (error) {
    // Something else has one of the names, unless it is the table itself, which another process has just created.
    if (codeOf(error) !== "42P07") throw explained(error, names);
  }
  if (!(await hasTable(db, names))) throw notOurs(names);
}

/** A database that cannot hold all text would refuse some only when a user first writes it. */
async function checkText(db: Database): Promise<void> {
  const sent = "é😀";
  let cause: unknown;
  try {
    const { rows } = await db.script(`SELECT '${sent}'`);
    if ((rows[0] as [string])[0] === sent) return;
  } catch (error) {
    if (codeOf(error) !== "22P05") throw error;
    cause = error;
  }
  const problem = "the encoding of the database cannot hold all text";
  const advice = "Use one with ENCODING 'UTF8', and leave the client's encoding alone";
  throw new ConfigError("backend", `${problem}. ${advice}.`, { cause });
}

/** Throws ConfigError if the table has other columns. */
async function hasTable(db: Database, names: Names): Promise<boolean> {
  const { rows } = await db.script(
    `SELECT string_agg(attname, ' ') FROM pg_attribute
      WHERE attrelid = to_regclass('${names.table}') AND attnum > 0 AND NOT attisdropped`,
  );
  const present = (rows[0] as [string | null])[0]?.split(" ");
  if (present === undefined) return false;
  if ([...COLUMNS, "prune_slot"].every((name) => present.includes(name))) return true;
  throw notOurs(names);
}

function notOurs({ given }: Names): ConfigError {
  const problem = `the database has a table "${given}" that is not for sessions, or was changed`;
  return new ConfigError("table", `${problem}. Choose another name with this option.`);
}

/** Returns the server's error as a ConfigError that says what to do. */
function explained(error: unknown, { given }: Names): unknown {
  switch (codeOf(error)) {
    case "3F000":
      return new ConfigError("table", `the schema of "${given}" does not exist. Create it first.`, {
        cause: error,
      });
    case "42501": {
      const problem = `this role may not create the table "${given}"`;
      const advice = `Have its owner run the SQL of postgresSchema("${given}"), or grant CREATE on the schema`;
      return new ConfigError("createTable", `${problem}. ${advice}.`, { cause: error });
    }
    default:
      return error;
  }
}
