import { ConfigError } from "../../errors.ts";
import { COLUMNS } from "../_sql/row.ts";
import { type Database, query } from "./database.ts";
import { kindOf } from "./error.ts";
import type { Names } from "./options.ts";
import { schemaStatements, VERSION } from "./schema.ts";

/** Makes sure that the table is there and ours. Throws ConfigError that says what to do if it cannot be. */
export async function prepareSchema(db: Database, names: Names, migrate: boolean): Promise<void> {
  await checkText(db);
  const version = await versionOf(db, names);
  if (version > VERSION) {
    throw new ConfigError(
      "backend",
      `the table "${names.given}" was made by a newer micropie. Update this one.`,
    );
  }
  const isThere = await hasTable(db, names);
  if (isThere && version === VERSION) return;
  if (!migrate) {
    const problem = `the table "${names.given}" is not there, or not as this micropie needs it`;
    const advice = `Run the SQL that mysqlSchema("${names.given}") answers, or leave this option on`;
    throw new ConfigError("migrate", `${problem}. ${advice}.`);
  }
  try {
    for (const sql of schemaStatements(names, isThere ? version : 0)) await db.write(query(sql));
  } catch (error) {
    throw explained(error, names);
  }
  await hasTable(db, names);
}

/** Characters that a connection cannot carry would be stored as others, without an error. */
async function checkText(db: Database): Promise<void> {
  const sent = "é😀";
  const [row] = await db.rows<[string, number]>(query("SELECT ?, CHAR_LENGTH(?)"), [sent, sent]);
  if (row?.[0] === sent && Number(row[1]) === 2) return;
  const problem = "text does not come back from the database as it was sent";
  const advice = "Set the client's charset to utf8mb4. A typeCast of yours must leave text and numbers alone";
  throw new ConfigError("backend", `${problem}. ${advice}.`);
}

/** 0 if there is none yet. */
async function versionOf(db: Database, names: Names): Promise<number> {
  try {
    const [row] = await db.rows<[number | null]>(query(`SELECT MAX(version) FROM ${names.versions}`));
    return Number(row?.[0] ?? 0);
  } catch (error) {
    if (kindOf(error) === "missingTable") return 0;
    throw explained(error, names);
  }
}

/** Throws ConfigError if the table is there but is not ours. */
async function hasTable(db: Database, names: Names): Promise<boolean> {
  const columns = [...COLUMNS, "claimed_by", "prune_slot"].join(", ");
  try {
    await db.rows(query(`SELECT ${columns} FROM ${names.table} LIMIT 0`));
    return true;
  } catch (error) {
    if (kindOf(error) === "missingTable") return false;
    throw explained(error, names);
  }
}

/** What the server says, in words that say what to do. */
function explained(error: unknown, names: Names): unknown {
  const { given } = names;
  const wrong = (option: string, message: string) => new ConfigError(option, message, { cause: error });
  switch (kindOf(error)) {
    case "unknownColumn": {
      const problem = `the database has a table "${given}" that is not ours (or was changed)`;
      return wrong("table", `${problem}. Choose another name with this option.`);
    }
    case "noDatabase":
      return wrong("table", `the connection has no database. Name one in the client's options, or here.`);
    case "unknownDatabase":
      return wrong("table", `there is no such database: "${given}". Create it first.`);
    case "accessDenied":
    case "commandDenied": {
      const problem = `this user may not make or use the table "${given}"`;
      const advice = `Have somebody run the SQL of mysqlSchema("${given}"), or grant CREATE on the database`;
      return wrong("migrate", `${problem}. ${advice}.`);
    }
    default:
      return error;
  }
}
