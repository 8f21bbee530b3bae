/** The results on a terminal of 100 columns. */

const COLUMNS = 4;
const MARKS = { pass: "✓", fail: "✗", byHand: "~", none: " " };

/** How an outcome counts: "pass", "fail", "byHand" or "none". */
export function verdict({ pass, byHand }) {
  if (pass === undefined) return "none";
  if (pass) return "pass";
  return byHand === undefined ? "fail" : "byHand";
}

export function printTables({ probes, rows, date, node, versions }) {
  for (let from = 0; from < probes.length; from += COLUMNS) {
    const some = probes.slice(from, from + COLUMNS).map(({ name }) => name);
    const lines = [["", ...some.map((name) => `  ${name}`)]];
    for (const row of rows) lines.push([row.name, ...some.map((name) => cell(row.outcomes[name]))]);
    const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
    const [head, ...rest] = lines.map((line) =>
      line
        .map((text, i) => text.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    );
    const theirs = rest.filter((_, i) => !rows[i].own);
    const ours = rest.filter((_, i) => rows[i].own);
    const apart = theirs.length > 0 && ours.length > 0 ? [""] : [];
    console.log([head, ...theirs, ...apart, ...ours, ""].join("\n"));
  }
  console.log("✓ passes   ✗ fails   ~ passes if every handler makes the call that is named");
  console.log(`${date}, Node ${node}:`);
  console.log(wrapped(versions));
}

function cell(outcome) {
  const mark = MARKS[verdict(outcome)];
  return `${mark} ${outcome.fact}${outcome.byHand === undefined ? "" : `, ${outcome.byHand}`}`;
}

/** In lines of at most 100 columns. */
function wrapped(words) {
  const lines = [""];
  for (const word of words) {
    const line = lines.at(-1);
    if (line.length + word.length > 96) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line}, ${word}`;
  }
  return lines.join(",\n");
}
