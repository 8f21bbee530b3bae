import type { WholeRecord } from "../../record/contract.ts";
import { adoptedRecord, isAdoptable, wholeRecord } from "../../record/record.ts";
import { toValues } from "../_sql/row.ts";
import { type Answer, changed, type Run } from "./client.ts";
import { toRead } from "./row.ts";
import type { Statements } from "./statements.ts";

/** See `adopt` of `SessionBackend`. */
export async function adopt(
  run: Run,
  sql: Statements,
  handle: string,
  record: WholeRecord,
  instead: string | undefined,
): Promise<boolean> {
  if (!isAdoptable(record)) return false;
  const values = toValues(handle, adoptedRecord(record, 0));
  if (instead === undefined) return run(sql.adopt, values, changed);
  return run(sql.substitute, [...values, instead], changed);
}

/** Returns the whole record in an answer, if there is one. */
export function movedIn({ rows: [row] }: Answer): WholeRecord | undefined {
  if (row === undefined) return undefined;
  const { record, now } = toRead(row);
  return wholeRecord(record, now);
}
