/** Results as parts of a page. */
const MARKS = { holds: "✓", fails: "**✗**", "by hand": "~", "not applicable": "" };

export const mark = ({ result }) => MARKS[result];

export function markAndFact(outcome) {
  const { fact, call } = outcome;
  return `${mark(outcome)} ${fact}${call === undefined ? "" : `, \`${call}\``}`.trim();
}

export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
