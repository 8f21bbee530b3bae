import type { WholeRecord } from "../../record/contract.ts";
import { adoptedRecord, isAdoptable, wholeRecord } from "../../record/record.ts";
import { type Row, toValues } from "../_sql/row.ts";
import { changed } from "./patch.ts";
import type { Statements } from "./statements.ts";

/** See `adopt` of `SessionBackend`. */
export function adopt(
  sql: Statements,
  handle: string,
  record: WholeRecord,
  instead: string | undefined,
  now: number,
): boolean {
  if (!isAdoptable(record)) return false;
  const values = toValues(handle, adoptedRecord(record, now));
  if (instead === undefined) return changed(sql.insert.run(...values, now));
  return changed(sql.substitute.run(...values, handle, instead, now));
}

/** See `moveOut` of `SessionBackend`. */
export function moveOut(sql: Statements, handle: string, now: number): WholeRecord | undefined {
  const [row] = sql.moveOut.all(handle, now) as Row[];
  return row && wholeRecord(row, now);
}
