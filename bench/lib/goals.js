/** What the project asks of itself, for the terminal: each as a ratio or difference within one run. */
import { layers, MOST_OF_A_RIVAL } from "./layers.js";
import { Figures } from "./statistics.js";

const GOALS = [
  { text: "App ≤ 1.35 × Map by hand", load: "count", ratio: ["micropie app", "node+map"], most: 1.35 },
  { text: "fastify ≥ 3 × App", load: "count", ratio: ["fastify+session", "micropie app"], least: 3 },
  { text: "express ≥ 8 × App", load: "count", ratio: ["express+session", "micropie app"], least: 8 },
  { text: "node adapter ≤ 12 µs over bare", load: "count", difference: ["micropie node", "node"], most: 12 },
  {
    text: "App, session not looked at, ≤ 1.1 × bare",
    load: "none",
    ratio: ["micropie app", "node"],
    most: 1.1,
  },
  {
    text: "App, read without cookie, ≤ 1.1 × bare",
    load: "read-anonymous",
    ratio: ["micropie app", "node"],
    most: 1.1,
  },
];

export function printGoals(measurements) {
  for (const { text, load, ratio, difference, most = Infinity, least = 0 } of GOALS) {
    const figures = new Figures(measurements, load);
    const found = ratio ? figures.ratio(...ratio) : figures.difference(...difference);
    if (!found) continue;
    const met = found.median <= most && found.median >= least;
    const span = `${found.min.toFixed(2)}–${found.max.toFixed(2)}`;
    console.log(`${met ? "met    " : "not met"}  ${text}: ${found.median.toFixed(2)} (${span})`);
  }
  for (const load of ["count", "read"]) {
    for (const { label, ratio } of layers(measurements, load)) {
      const met = ratio <= MOST_OF_A_RIVAL;
      console.log(
        `${met ? "met    " : "not met"}  our layer ≤ 1/3 of ${label}, ${load}: ${ratio.toFixed(2)}`,
      );
    }
  }
}
