import { ConfigError } from "../../errors.ts";
import { COLUMNS } from "../_sql/row.ts";
import { type Database, query } from "./database.ts";
import { kindOf } from "./error.ts";
import type { Names } from "./options.ts";
import { tableStatement } from "./table.ts";

/** Makes sure that the table is there, with our columns. Throws ConfigError that says what to do if that fails. */
export async function prepareTable(db: Database, names: Names, createTable: boolean): Promise<void> {
  await checkText(db);
  if (await hasTable(db, names)) return;
  if (!createTable) {
    const problem = `the table "${names.given}" is missing`;
    const advice = `Run the SQL of mysqlSchema("${names.given}"), or leave this option on`;
    throw new ConfigError("createTable", `${problem}. ${advice}.`);
  }
  try {
    await db.write(query(tableStatement(names)));
  } catch (error) {
    throw explained(error, names);
  }
  // Another process may have created one with other columns.
  await hasTable(db, names);
}

/** Characters that a connection cannot carry would be stored as others, without an error. */
async function checkText(db: Database): Promise<void> {
  const sent = "é😀";
  const statement = query("SELECT ? AS text, CHAR_LENGTH(?) AS length");
  const [row] = await db.rows<{ text: string; length: number }>(statement, [sent, sent]);
  if (row?.text === sent && Number(row.length) === 2) return;
  const problem = "text does not come back from the database as it was sent";
  const advice = "Set the client's charset to utf8mb4. A typeCast of yours must leave text and numbers alone";
  throw new ConfigError("backend", `${problem}. ${advice}.`);
}

/** Throws ConfigError if the table has other columns. */
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

/** Returns the server's error as a ConfigError that says what to do. */
function explained(error: unknown, names: Names): unknown {
  const { given } = names;
  const wrong = (option: string, message: string) => new ConfigError(option, message, { cause: error });
  switch (kindOf(error)) {
    case "unknownColumn": {
      const problem = `the database has a table "${given}" that is not for sessions, or was changed`;
      return wrong("table", `${problem}. Choose another name with this option.`);
    }
    case "noDatabase":
      return wrong("table", "the connection has no database. Name one in the client's options, or here.");
    case "unknownDatabase":
      return wrong("table", `the database of "${given}" does not exist. Create it first.`);
    case "accessDenied":
    case "commandDenied": {
      const problem = `this user may not create or use the table "${given}"`;
      const advice = `Have somebody run the SQL of mysqlSchema("${given}"), or grant CREATE on the database`;
      return wrong("createTable", `${problem}. ${advice}.`);
    }
    default:
      return error;
  }
}
