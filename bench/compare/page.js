/** Writes the tables into docs/compare.md. */
import { writeSection } from "../lib/section.js";
import { verdict } from "./table.js";

const MARKS = { pass: "✓", fail: "**✗**", byHand: "~", none: "" };

export function writePage({ probes, rows, date, node, versions }) {
  const ours = rows.filter((row) => row.own);
  const rivals = rows.filter((row) => !row.own);
  writeSection(
    "compare",
    `Measured on ${date} with Node ${node}: ${versions.join(", ")}.

${table(
  ["", ...rivals.map(({ name }) => name), "micropie"],
  probes.map(({ name }) => [
    name,
    ...rivals.map(({ outcomes }) => cell(outcomes[name])),
    [
      ...new Set(ours.filter((row) => !row.except.includes(name)).map((row) => cell(row.outcomes[name]))),
    ].join(", "),
  ]),
)}

Each way to use micropie:

${table(
  ["", ...probes.map(({ name }) => name)],
  ours.map(({ name, outcomes }) => [name, ...probes.map((probe) => MARKS[verdict(outcomes[probe.name])])]),
)}

The rules:

${probes.map(({ name, rule }) => `- **${name}**: ${rule}`).join("\n")}`,
    "compare",
  );
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(outcome) {
  const hand = outcome.byHand === undefined ? "" : `, \`${outcome.byHand}\``;
  return `${MARKS[verdict(outcome)]} ${outcome.fact}${hand}`.trim();
}
