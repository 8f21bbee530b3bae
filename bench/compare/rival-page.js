/** The page of one library: what it is and promises, where it is ahead, and what it did, with the line that explains it. */
import { markAndFact, table } from "./markdown.js";

export function rivalPage({ id, name, date, node, versions, about, outcomes }, { probes }) {
  const { what, setUp, promises, ahead } = about;
  const ran = Object.entries(versions).map((each) => each.join(" "));
  return `# Compared with ${name}

<!-- Made by npm run compare from bench/compare/results.json. -->

${what}

It ran on ${date} with Node ${node}: ${ran.join(", ")}. ${setUp} Its file is
[bench/compare/contenders/${id}.js](../../bench/compare/contenders/${id}.js).

## What it promises

${promises.map(({ says, link }) => `- ${says} [Source](${link})`).join("\n")}

## Where it is ahead

${ahead.map((each) => `- ${each}`).join("\n")}

## What it did

[The rules](../compare.md#what-each-did) say when a row holds (✓), fails (**✗**), or holds if every handler makes the call shown (~). A row
without a mark does not apply.

${table(
  ["", "what was seen", "why"],
  probes.map((probe) => {
    const outcome = outcomes[probe.name];
    return [
      `**${probe.name}**: ${probe.promise}`,
      markAndFact(outcome),
      `${outcome.why} [Line](${outcome.link})`,
    ];
  }),
)}

Is something wrong here? [Correct it](../compare.md#correct-a-result).
`;
}
