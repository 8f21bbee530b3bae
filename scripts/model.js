// `npm run model`: checks spec/ with Spin, and writes docs/model.md, docs/model.svg and the schedules that the tests play.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { PROPERTIES, WEAKENED } from "../spec/properties.js";
import { picture } from "./model/picture.js";
import { atOnce } from "./model/queue.js";
import { counterexamplesText, schedulesText } from "./model/schedules.js";
import { check, tools } from "./model/spin.js";
import { machineLine, propertyTable, weakenedTable, writeSection } from "./model/tables.js";

const HELP = `npm run model -- [options]

Checks the models in spec/ with Spin, which is installed if it can be: every promise over everything that three processes can do, and over
as much as fits of what four can; then each condition of the store taken away, which has to break its promise. Writes the tables and the
picture of docs/model.md, and the schedules in spec/ that the tests play.

--quick        two processes instead of three, none with four, and nothing is written; fails as the whole does
--only NAME    only this promise (C1 ... U2), and the conditions that protect it; nothing is written
--json         prints the results as JSON`;

/** What is left out with --quick. */
const QUICK = "--quick: two processes instead of three, none with four, no schedules made.";

async function main() {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const isMeant = (name) => values.only === undefined || values.only === name;
  const properties = PROPERTIES.filter(({ name }) => isMeant(name));
  const weakened = WEAKENED.filter(({ breaks }) => isMeant(breaks));
  if (properties.length === 0)
    throw new Error(
      `There is no promise "${values.only}". Names: ${PROPERTIES.map(({ name }) => name).join(", ")}.`,
    );
  const spin = await tools();
  const say = (line) => {
    if (!values.json) console.log(line);
  };
  if (values.quick) say(QUICK);

  const whole = await atOnce(properties, (property) => exhaustive(spin, property, values.quick ? 2 : 3, say));
  const more = values.quick ? [] : await atOnce(properties, (property) => bounded(spin, property, say));
  const broken = await atOnce(weakened, (condition) => weaken(spin, condition, say));

  const failed = [
    ...whole.filter(({ errors, complete }) => errors > 0 || !complete).map(({ name }) => name),
    ...more.filter(({ errors }) => errors > 0).map(({ name }) => `${name} with four processes`),
    ...broken.filter(({ errors }) => errors === 0).map(({ define }) => `${define} breaks nothing`),
  ];
  if (values.json) console.log(JSON.stringify({ whole, more, broken, failed }));
  for (const name of failed) console.error(`Failed: ${name}`);
  if (failed.length > 0) return 1;
  if (values.quick || values.only !== undefined) return 0;
  await write(spin, { whole, more, broken }, say);
  return 0;
}

/** Every state of this many processes. */
async function exhaustive(spin, property, processes, say) {
  const { name, model } = property;
  const define = [...property.define, `N=${processes}`, ...(property.bounds ?? [])];
  const result = await check(spin, { model, define, how: "all" });
  say(lineOf(`${name}, ${processes} processes`, result));
  return { ...property, ...result, processes };
}

/** As many states of four processes as there is room for. */
async function bounded(spin, property, say) {
  const { name, model } = property;
  const define = [...property.define, "N=4", ...(property.boundsOfFour ?? [])];
  const result = await check(spin, { model, define, how: "bits", seconds: 60 });
  say(lineOf(`${name}, 4 processes`, result));
  return { ...property, ...result, processes: 4 };
}

/** The shortest way to what a condition prevents. */
async function weaken(spin, condition, say) {
  const { define, breaks, processes = 2 } = condition;
  const property = PROPERTIES.find(({ name }) => name === breaks);
  const switches = [define, ...property.define, `N=${processes}`, "TELL", "WALKS=0", "FAULTS=0"];
  const result = await check(spin, { model: property.model, define: switches, how: "shortest" });
  say(lineOf(`${breaks} without ${define}`, result));
  if (result.trail !== undefined) say(`    ${result.trail.told}`);
  return { ...condition, ...result, processes };
}

function lineOf(what, { states, depth, seconds, errors, complete }) {
  const outcome = errors > 0 ? "violated" : complete ? "holds in all states" : "holds in these states";
  return `${what}: ${outcome}; ${states.toLocaleString("en-US")} states, depth ${depth}, ${seconds.toFixed(1)} s`;
}

async function write(spin, { whole, more, broken }, say) {
  const schedules = await schedulesText(spin);
  writeFileSync(new URL("../spec/schedules.txt", import.meta.url), schedules.text);
  writeFileSync(new URL("../spec/counterexamples.txt", import.meta.url), counterexamplesText(broken));
  writeFileSync(new URL("../docs/model.svg", import.meta.url), picture(schedules.lines));
  writeSection("properties", `${propertyTable(whole, more)}\n\n${machineLine()}`);
  writeSection("weakened", weakenedTable(broken));
  say(`${schedules.lines.length} schedules; docs/model.md, docs/model.svg and spec/*.txt are written.`);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
