import Table from "cli-table3";
import { plain } from "../../core/plain.ts";

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  /** Characters. A column without a width shares what the others leave, by its `share`. */
  readonly width?: number;
  readonly share?: number;
  /** Only where a line has at least this many characters. */
  readonly from?: number;
  text(row: Row): string;
}

const GAP = 2;

/**
 * Returns the lines of a table that fits into lines of this width; longer texts are cut. Columns do not depend on the rows, so
 * that the tables of several pages stand below each other; `titles` is for the first one.
 */
export function tableText<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
  titles = true,
): string {
  const shown = columns.filter(({ from = 0 }) => width >= from);
  const table = new Table({
    ...(titles ? { head: shown.map(({ title }) => title) } : {}),
    colWidths: widthsOf(shown, width),
    chars: NO_LINES,
    style: { head: [], border: [], "padding-left": 0, "padding-right": GAP, compact: true },
  });
  for (const row of rows) table.push(shown.map((column) => plain(column.text(row))));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const LINES =
  "top top-mid top-left top-right bottom bottom-mid bottom-left bottom-right left left-mid mid mid-mid right right-mid middle";
const NO_LINES = Object.fromEntries(LINES.split(" ").map((name) => [name, ""]));

/** The gap after the last column is none, so that it may pass the end of the line. */
function widthsOf<Row>(columns: readonly Column<Row>[], width: number): number[] {
  const fixed = columns.reduce((sum, column) => sum + (column.width ?? 0) + GAP, -GAP);
  const shares = columns.reduce((sum, { share = 0 }) => sum + share, 0);
  const left = Math.max(0, width - fixed);
  let given = 0;
  let share = 0;
  return columns.map((column) => {
    if (column.width !== undefined) return column.width + GAP;
    share += column.share ?? 0;
    const own = Math.floor((left * share) / shares) - given;
    given += own;
    return Math.max(1, own) + GAP;
  });
}
