/** `npm run compare`: the same probes against other session libraries and ours. See docs/compare.md. */
import { parseArgs } from "node:util";
import { FILES } from "./compare/contenders.js";
import { writePages } from "./compare/pages.js";
import { PROBES } from "./compare/probes.js";
import { Processes } from "./compare/processes.js";
import { readResults, writeResults } from "./compare/results.js";
import { printTables } from "./compare/table.js";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    probe: { type: "string", multiple: true },
    jobs: { type: "string", default: "2" },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    pages: { type: "boolean", default: false },
  },
});

function select(all, names, option) {
  if (!names) return all;
  const wanted = names.flatMap((name) => name.split(",")).map((name) => name.trim());
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined)
    refuse(`--${option} ${unknown}: there is ${all.map((name) => `"${name}"`).join(", ")}`);
  return all.filter((name) => wanted.includes(name));
}

function refuse(text) {
  console.error(text);
  process.exit(2);
}

const files = select(FILES, options.only, "only");
const probes = select(
  PROBES.map((probe) => probe.name),
  options.probe,
  "probe",
);
const jobs = Number(options.jobs);
if (!Number.isInteger(jobs) || jobs < 1) refuse("--jobs: a number of processes, from 1");
if (options.write && probes.length < PROBES.length) refuse("--write needs all probes");
if (options.pages) {
  writePages(readResults());
  process.exit();
}

const began = Date.now();
const date = new Date().toISOString().slice(0, 10);
const processes = new Processes({ date, probes });
const found = [];
const wrong = [];
const waiting = [...files];

async function work() {
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    process.stderr.write(`${file}\n`);
    try {
      const one = await processes.run(file);
      found.push(one.entry);
      wrong.push(...faultsOf(one));
    } catch (error) {
      wrong.push(`${file}: ${error.message}`);
    }
  }
}

/** A probe that broke says nothing, so it is nobody's failure but the comparison's own. */
function faultsOf({ own, except, outcomes, entry }) {
  return Object.entries(outcomes)
    .filter(
      ([probe, { pass, error }]) => error !== undefined || (own && pass !== true && !except.includes(probe)),
    )
    .map(([probe, { fact, error }]) => `${entry.name}, ${probe}: ${error ?? fact}`);
}

await Promise.all(Array.from({ length: jobs }, work));
await processes.stop();
found.sort((a, b) => files.indexOf(a.id) - files.indexOf(b.id));
if (options.json) console.log(JSON.stringify(found, undefined, 2));
else printTables(found, probes);
process.stderr.write(`${Math.round((Date.now() - began) / 1000)} seconds\n`);
if (options.write && wrong.length === 0) writePages(writeResults(found, FILES));
for (const line of wrong) console.error(line);
process.exit(wrong.length > 0 ? 1 : 0);
