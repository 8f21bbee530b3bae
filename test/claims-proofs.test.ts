import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const guarantees = read("docs/guarantees.md");
const sorted = (names: Iterable<string>) => [...new Set(names)].sort();
const names = (text: string, pattern: RegExp) =>
  sorted(Array.from(text.matchAll(pattern), ([, name]) => name!));

/** The rows of "How each promise is checked". */
const rows = Array.from(
  guarantees
    .split("## How each promise is checked")[1]!
    .matchAll(/^\| ([A-Z]\d+) \| (.*?) \| (.*?) \| (.*?) \|$/gm),
  ([, promise, simulated, modelled]) => ({ promise: promise!, simulated: simulated!, modelled: modelled! }),
);

test("each promise has a row that says how it is checked", () => {
  expect(sorted(rows.map(({ promise }) => promise))).toEqual(names(guarantees, /^- \*\*([A-Z]\d+)\*\* /gm));
});

test("the simulation judges what the page says", () => {
  const judged = rows.filter(({ simulated }) => simulated === "yes").map(({ promise }) => promise);
  const judges = read("docs/simulation.md").split("<!-- judges: made")[1]!.split("<!-- judges: end")[0]!;
  expect(sorted(judged)).toEqual(names(judges, /^\| ([A-Z]\d+) \|/gm));
});

test("the model judges what the page says", () => {
  const judged = rows.filter(({ modelled }) => modelled === "yes").map(({ promise }) => promise);
  const results = Object.keys(JSON.parse(read("spec/results.json")) as object);
  expect(sorted(judged)).toEqual(names(results.join("\n"), /^([A-Z]\d+) /gm));
});
