/** Writes the tables into docs/compare.md, and the marks alone into the README. */
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
    [...new Set(held(ours, name).map(({ outcomes }) => cell(outcomes[name])))].join(", "),
  ]),
)}

Each way to use micropie:

${table(
  ["", ...probes.map(({ name }) => name)],
  ours.map(({ name, outcomes }) => [name, ...probes.map((probe) => mark(outcomes[probe.name]))]),
)}

The rules:

${probes.map(({ name, rule }) => `- **${name}**: ${rule}`).join("\n")}`,
    "compare",
  );
  writeSection(
    "compare",
    table(
      ["", ...rivals.map(({ name }) => name), "micropie"],
      probes.map(({ name, promise }) => [
        promise,
        ...rivals.map(({ outcomes }) => mark(outcomes[name])),
        [...new Set(held(ours, name).map(({ outcomes }) => mark(outcomes[name])))].join(", "),
      ]),
    ),
    "../README",
  );
}

/** Those of ours that do not fail a probe on purpose. */
function held(ours, name) {
  return ours.filter(({ except }) => !except.includes(name));
}

function mark(outcome) {
  return MARKS[verdict(outcome)];
}

function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(outcome) {
  const hand = outcome.byHand === undefined ? "" : `, \`${outcome.byHand}\``;
  return `${mark(outcome)} ${outcome.fact}${hand}`.trim();
}
