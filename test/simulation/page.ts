import { readFileSync, writeFileSync } from "node:fs";
import { JUDGES } from "micropie/testing/_simulation/judges/all";

const PAGE = new URL("../../docs/simulation.md", import.meta.url);

/** What stands in docs/simulation.md between the markers of this table. */
function placeOf(table: "judges" | "plants"): {
  readonly text: string;
  readonly from: number;
  readonly to: number;
} {
  const text = readFileSync(PAGE, "utf8");
  const begin = text.indexOf("-->", text.indexOf(`<!-- ${table}: made by`)) + 3;
  return { text, from: begin, to: text.indexOf(`<!-- ${table}: end -->`) };
}

/** Returns a table of docs/simulation.md as it is now. */
export function written(table: "judges" | "plants"): string {
  const { text, from, to } = placeOf(table);
  return text.slice(from, to).trim();
}

/** Puts a table into docs/simulation.md. */
export function write(table: "judges" | "plants", lines: readonly string[]): void {
  const { text, from, to } = placeOf(table);
  writeFileSync(PAGE, `${text.slice(0, from)}\n\n${lines.join("\n")}\n\n${text.slice(to)}`);
}

/** The table of all judges. */
export function judgeTable(): string[] {
  const rows = JUDGES.map(({ promise, rule }) => `| ${promise} | ${rule} |`).sort();
  return ["| promise | it must hold that |", "| --- | --- |", ...rows];
}
