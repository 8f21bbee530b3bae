/** The results on a terminal of 100 columns. */

const COLUMNS = 4;
const MARKS = { holds: "✓", fails: "✗", "by hand": "~", "not applicable": " " };

/** How an outcome counts: "pass", "fail", "byHand" or "none". */
export function verdict({ pass, byHand }) {
  if (pass === undefined) return "none";
  if (pass) return "pass";
  return byHand === undefined ? "fail" : "byHand";
}

/** `found`: the contenders of results.json. `probes`: the names of those that ran. */
export function printTables(found, probes) {
  for (let from = 0; from < probes.length; from += COLUMNS) {
    const some = probes.slice(from, from + COLUMNS);
    const lines = [["", ...some.map((name) => `  ${name}`)]];
    for (const { name, outcomes } of found) lines.push([name, ...some.map((probe) => cell(outcomes[probe]))]);
    const widths = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
    const [head, ...rest] = lines.map((line) =>
      line
        .map((text, i) => text.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    );
    const theirs = rest.filter((_, i) => found[i].kind !== "micropie");
    const ours = rest.filter((_, i) => found[i].kind === "micropie");
    const apart = theirs.length > 0 && ours.length > 0 ? [""] : [];
    console.log([head, ...theirs, ...apart, ...ours, ""].join("\n"));
  }
  console.log("✓ holds   ✗ fails   ~ holds if every handler makes the call that is named");
  const versions = found.flatMap(({ versions }) => Object.entries(versions).map((each) => each.join(" ")));
  console.log(wrapped([...new Set(versions)]));
}

function cell({ result, fact, call }) {
  return `${MARKS[result]} ${fact}${call === undefined ? "" : `, ${call}`}`;
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
