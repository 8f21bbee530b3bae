/** The table of docs/operators.md: what an operator's questions cost, and what they do to requests meanwhile. */
import { machineText, number, table } from "../lib/markdown.js";
import { writeSection } from "../lib/section.js";

const LABELS = { redis: "Redis", postgres: "PostgreSQL" };

export function writeReport({ machine, taken, rate, results }) {
  const row = (label, cell) => [label, ...results.map(cell)];
  const took = ({ median, most }) => `${number(median)} ms (at most ${number(most)})`;
  const text = table(
    ["", ...results.map(({ name }) => LABELS[name])],
    [
      row("the first page of 50", ({ first }) => took(first)),
      row("the first page of signed-in sessions", ({ signedIn }) => took(signedIn)),
      row("the sessions of a user who has a thousand", ({ user }) => took(user)),
      row("`sessions.count()`", ({ counting, counted }) =>
        counted.exact
          ? took(counting)
          : `${took(counting)}, an estimate: ${counted.sessions.toLocaleString("en-US")}`,
      ),
      row("all sessions, alone", ({ alone }) => `${number(alone.seconds)} s`),
      row(`all sessions, beside ${rate} requests a second`, ({ beside }) => `${number(beside.seconds)} s`),
      row("the event loop of who lists them is held at most", ({ beside }) => `${number(beside.held)} ms`),
      row("a request before, median", ({ before }) => `${number(before.median)} ms`),
      row("a request meanwhile, median", ({ during }) => `${number(during.median)} ms`),
      row("a request afterwards, median", ({ after }) => `${number(after.median)} ms`),
      row(
        "requests that failed",
        ({ before, during, after }) => before.failed + during.failed + after.failed,
      ),
      row(
        "to find and end 100,000",
        ({ ending }) => `${number(ending.seconds)} s, exactly ${ending.ended.toLocaleString("en-US")}`,
      ),
    ],
  );
  const count = results[0].count.toLocaleString("en-US");
  writeSection(
    "operators",
    `Taken on ${taken}: ${machineText(machine)}. ${count} sessions; store, requests and operator share the two cores.\n\n${text}`,
    "operators",
  );
}
