/** What the session alone costs on each framework: a server minus the same framework without a session, in one run. */
import { LAYERS } from "./plan.js";
import { Figures } from "./statistics.js";

/** What our layer may cost of the one that the framework's users take. */
export const MOST_OF_A_RIVAL = 1 / 3;

/** For one load: each rival of which all three servers were measured, in µs; `ratio` is our layer's of theirs. */
export function layers(measurements, load) {
  const figures = new Figures(measurements, load);
  return LAYERS.flatMap(({ label, floor, rival, own }) => {
    const theirs = figures.difference(rival, floor)?.median;
    const ours = figures.difference(own, floor)?.median;
    if (theirs === undefined || ours === undefined) return [];
    return [{ label, bare: figures.of(floor).median, theirs, ours, ratio: ours / theirs }];
  });
}

/** The same for the terminal. */
export function printLayers({ loads, measurements }) {
  for (const { name, label } of loads) {
    const rows = layers(measurements, name);
    if (rows.length === 0) continue;
    console.log(`\nThe session alone, µs: ${label}`);
    console.table(
      Object.fromEntries(
        rows.map((row) => [
          row.label,
          {
            bare: row.bare.toFixed(1),
            "their layer": row.theirs.toFixed(1),
            "our layer": row.ours.toFixed(1),
            ratio: row.ratio.toFixed(2),
          },
        ]),
      ),
    );
  }
}
