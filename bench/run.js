/** `npm run bench`: CPU µs per request of each server, in interleaved rounds. See README.md. */
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { printGoals } from "./lib/goals.js";
import { printLayers } from "./lib/layers.js";
import { machine, versions } from "./lib/machine.js";
import { LOADS, SERVERS } from "./lib/plan.js";
import { writeReport } from "./lib/report.js";
import { runRounds } from "./lib/rounds.js";
import { pin } from "./lib/servers.js";
import { printSummary } from "./lib/summary.js";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "11" },
    seconds: { type: "string", default: "1" },
    only: { type: "string", multiple: true },
    route: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
    "no-report": { type: "boolean", default: false },
  },
});
const rounds = options.quick ? 1 : Number(options.rounds);
const seconds = options.quick ? 0.1 : Number(options.seconds);

function select(all, names, option) {
  if (!names) return all;
  const wanted = names.flatMap((name) => name.split(","));
  for (const name of wanted) {
    if (!all.some((entry) => entry.name === name)) {
      console.error(`--${option} ${name}: there is ${all.map((entry) => `"${entry.name}"`).join(", ")}`);
      process.exit(2);
    }
  }
  return all.filter((entry) => wanted.includes(entry.name));
}

const servers = select(SERVERS, options.only, "only");
const loads = select(LOADS, options.route, "route");
const pinned = pin();
const { measurements, checks } = await runRounds({
  servers,
  loads,
  rounds,
  seconds,
  quick: options.quick,
  pinned,
});

const folder = new URL("./results/", import.meta.url);
const whole = servers.length === SERVERS.length && loads.length === LOADS.length;
const path = new URL(options.quick ? "quick.json" : whole ? "latest.json" : "partial.json", folder);
mkdirSync(folder, { recursive: true });
const results = {
  date: new Date().toISOString().slice(0, 10),
  machine: machine(),
  versions: versions(),
  options: { rounds, seconds, pinned },
  servers,
  loads,
  checks,
  measurements,
};
writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`);
printSummary(results);
printLayers(results);
if (!options.quick) printGoals(measurements);
if (whole && !options.quick && !options["no-report"]) writeReport(results);
