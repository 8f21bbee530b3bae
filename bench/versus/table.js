/** The figures of a run of versus. */
import { table } from "../lib/markdown.js";
import { median } from "../lib/statistics.js";

/** What the new build may cost of the old, and the node adapter over bare, in µs. */
const MOST_OF_OLD = 1.05;
const MOST_ON_NODE = 4;

/**
 * `{ bare, old, new }` of a round: what a request costs in the bare program, and the sessions of each build on top. Of the
 * turns of a process the lower quartile counts, because what others do on the machine only ever adds.
 */
export function layersOf(round) {
  const [bare, old, fresh] = [round.bare, round.old, round.new].map((turns) => quantile(turns, 0.25));
  return { bare, old: old - bare, new: fresh - bare };
}

/**
 * The µs are medians of the rounds. `ratio` is the mean of the middle half of the rounds' own ratios, from `low` to `high`:
 * what slows a whole round down does not change it, and it varies half as much between runs as the ratio of the medians.
 */
function figures({ name, rounds }) {
  const layers = rounds.map(layersOf);
  const ratios = layers.map((layer) => layer.new / layer.old);
  const [low, high] = [quantile(ratios, 0.25), quantile(ratios, 0.75)];
  const middle = ratios.filter((ratio) => ratio >= low && ratio <= high);
  return {
    name,
    bare: median(layers.map(({ bare }) => bare)),
    old: median(layers.map(({ old }) => old)),
    new: median(layers.map((layer) => layer.new)),
    ratio: middle.reduce((sum, ratio) => sum + ratio) / middle.length,
    low,
    high,
  };
}

function quantile(values, part) {
  return values.toSorted((a, b) => a - b)[Math.round((values.length - 1) * part)];
}

/** A table in Markdown, in µs. */
export function rows(measured) {
  const two = (value) => value.toFixed(2);
  return table(
    ["program", "bare", "session, old", "session, new", "new / old", "middle half of the rounds"],
    measured
      .map(figures)
      .map(({ name, low, high, ...row }) => [
        name,
        ...[row.bare, row.old, row.new, row.ratio].map(two),
        `${two(low)}–${two(high)}`,
      ]),
  );
}

/** Whether the goals are met, a line each. */
export function verdicts(measured) {
  const all = measured.map(figures);
  const dearer = all.filter(({ ratio }) => ratio > MOST_OF_OLD);
  const line = (met, text) => `${met ? "met    " : "not met"}  ${text}`;
  return [
    line(
      dearer.length === 0,
      `new / old at most ${MOST_OF_OLD}: ${dearer.map(({ name }) => name).join(", ") || "all"}`,
    ),
    ...all
      .filter(({ name }) => name.startsWith("node"))
      .map((row) =>
        line(
          row.new <= MOST_ON_NODE,
          `${row.name} at most ${MOST_ON_NODE} µs over bare: ${row.new.toFixed(2)}`,
        ),
      ),
  ].join("\n");
}
