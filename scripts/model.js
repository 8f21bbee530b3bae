// `npm run model`: checks spec/ with Spin, and writes docs/model.md, docs/model.svg and the schedules that the tests play.
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { CHECKS, PROPERTIES, QUICK } from "../spec/properties.js";
import { WEAKENED } from "../spec/weakened.js";
import { picture } from "./model/picture.js";
import { atOnce } from "./model/queue.js";
import { known, record } from "./model/runs.js";
import { counterexamplesText, schedulesText } from "./model/schedules.js";
import { check, tools } from "./model/spin.js";
import { machineLine, meaningTable, propertyTable, weakenedTable, writeSection } from "./model/tables.js";

/** Everything that spec/results.json has, in its order. */
const NAMES = [...CHECKS.map(({ name }) => name), ...WEAKENED.map(({ define }) => define)];

const HELP = `npm run model -- [options]

Checks the models in spec/ with Spin, which is installed if it can be: every promise over everything that several processes can do; then
each condition of the store taken away, which has to break its promise. Writes what came of it into spec/results.json, and from that the
tables and the picture of docs/model.md; and the schedules in spec/ that the tests play. Ends with 1 if a promise does not hold, or if a
condition breaks nothing.

--quick        a minute: all promises with few requests, and one condition of each; nothing is written
--long         also what takes many minutes or many gigabytes; without it, what is known of that stays in the tables
--only NAME    only this promise (C1 ... U2, or "C1 to C7", all at once), and the conditions that protect it; no schedules
--rest         only what is not known yet of the models as they are: to go on after a stop
--jobs N       so many runs at once; default 2, or 1 on one processor
--json         prints the results as JSON`;

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      long: { type: "boolean", default: false },
      only: { type: "string" },
      rest: { type: "boolean", default: false },
      jobs: { type: "string", default: String(Math.min(2, availableParallelism())) },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const { quick, only } = values;
  const promises = new Set([...PROPERTIES.map(({ name }) => name), ...CHECKS.map(({ promise }) => promise)]);
  if (only !== undefined && !promises.has(only))
    throw new Error(`There is no promise "${only}". Names: ${[...promises].join(", ")}.`);
  const before = values.rest ? known() : new Map();
  const isMeant = (promise, name) => (only === undefined || only === promise) && !before.has(name);
  const checks = quick
    ? QUICK
    : CHECKS.filter(({ promise, name, isLong }) => isMeant(promise, name) && (values.long || !isLong));
  const weakened = WEAKENED.filter(
    ({ breaks, define, isQuick }) => isMeant(breaks, define) && (isQuick || !quick),
  );
  const spin = await tools();
  const say = (line) => {
    if (!values.json) console.log(line);
  };
  const jobs = Number(values.jobs);
  const keep = (result) => {
    const isShown = result.breaks === undefined ? result.errors === 0 && result.complete : result.errors > 0;
    if (!quick && isShown) record(result, NAMES);
    return result;
  };
  const broken = await atOnce(jobs, weakened, async (each) => keep(await weaken(spin, each, quick, say)));
  const done = await atOnce(jobs, checks, async (each) => keep(await exhaustive(spin, each, say)));

  const failed = [
    ...done.filter(({ errors }) => errors > 0).map(({ name }) => `${name} is violated`),
    ...done
      .filter(({ complete, errors }) => errors === 0 && !complete)
      .map(({ name }) => `${name} did not come to its end`),
    ...broken.filter(({ errors }) => errors === 0).map(({ name }) => `${name} breaks nothing`),
  ];
  if (values.json) console.log(JSON.stringify({ done, broken, failed }));
  for (const each of failed) console.error(`Failed: ${each}`);
  if (failed.length > 0) return 1;
  if (!quick) await write(spin, only === undefined, say);
  return 0;
}

/** Every state of one run. */
async function exhaustive(spin, { name, model, define, isLong }, say) {
  const result = await check(spin, { model, define, how: "all", isLong });
  say(lineOf(name, result));
  return { name, model, ...result };
}

/** The shortest way to what a condition prevents; with --quick some way, which is not told. */
async function weaken(spin, { define, with: more = [], breaks }, quick, say) {
  const { model, define: judged } = PROPERTIES.find(({ name }) => name === breaks);
  const switches = [define, ...more, ...judged, "N=2", ...(quick ? [] : ["TELL", "WALKS=0", "FAULTS=0"])];
  const result = await check(spin, { model, define: switches, how: quick ? "any" : "shortest" });
  say(lineOf(`${breaks} without ${define}`, result));
  if (result.told !== undefined) say(`    ${result.told}`);
  return { name: define, model, breaks, ...result };
}

function lineOf(what, { states, depth, seconds, errors, complete }) {
  const outcome = errors > 0 ? "violated" : complete ? "holds in all states" : "holds in what was looked at";
  return `${what}: ${outcome}; ${states.toLocaleString("en-US")} states, depth ${depth}, ${seconds.toFixed(1)} s`;
}

/** Writes the page, when nothing but long runs is missing; and the schedules. */
async function write(spin, andSchedules, say) {
  const all = known();
  const long = CHECKS.filter(({ isLong }) => isLong).map(({ name }) => name);
  const missing = NAMES.filter((name) => !all.has(name) && !long.includes(name));
  if (missing.length > 0) {
    say(`The page waits for ${missing.length} others, such as ${missing[0]}: npm run model -- --rest`);
    return;
  }
  writeSection("promises", meaningTable(PROPERTIES));
  writeSection("properties", `${propertyTable(CHECKS, all)}\n\n${machineLine(all)}`);
  writeSection("weakened", weakenedTable(WEAKENED, all));
  say("spec/results.json and docs/model.md are written.");
  if (!andSchedules) return;
  const { text, lines } = await schedulesText(spin);
  writeFileSync(new URL("../spec/schedules.txt", import.meta.url), text);
  writeFileSync(new URL("../spec/counterexamples.txt", import.meta.url), counterexamplesText(WEAKENED, all));
  writeFileSync(new URL("../docs/model.svg", import.meta.url), picture(lines));
  say(`${lines.length} schedules, the counterexamples and docs/model.svg are written.`);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
