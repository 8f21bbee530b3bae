/** `npm run compare`: the same probes against other session libraries and ours. See docs/compare.md. */
import { parseArgs } from "node:util";
import { contender, FILES } from "./compare/contenders.js";
import { writePage } from "./compare/page.js";
import { PROBES } from "./compare/probes.js";
import { runProbes } from "./compare/run.js";
import { printTables } from "./compare/table.js";
import { versionsOf } from "./compare/versions.js";

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    probe: { type: "string", multiple: true },
    json: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

function select(all, names, option) {
  if (!names) return all;
  const wanted = names.flatMap((name) => name.split(",")).map((name) => name.trim());
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    console.error(`--${option} ${unknown}: there is ${all.map((name) => `"${name}"`).join(", ")}`);
    process.exit(2);
  }
  return all.filter((name) => wanted.includes(name));
}

const files = select(FILES, options.only, "only");
const names = select(
  PROBES.map((probe) => probe.name),
  options.probe,
  "probe",
);
const probes = PROBES.filter((probe) => names.includes(probe.name));
if (options.write && (files.length < FILES.length || probes.length < PROBES.length)) {
  console.error("--write needs all contenders and all probes");
  process.exit(2);
}

// Libraries print what the probes make go wrong.
const { error: printError } = console;
console.error = () => {};
const rows = [];
for (const file of files) {
  process.stderr.write(`${file}\n`);
  const one = await contender(file);
  const { name, on, own = false, packages = [], except = [] } = one;
  rows.push({ name, on, own, packages, except, outcomes: await runProbes(one, probes) });
}
console.error = printError;

const results = {
  date: new Date().toISOString().slice(0, 10),
  node: process.versions.node,
  versions: versionsOf(rows),
  probes: probes.map(({ name, promise, rule }) => ({ name, promise, rule })),
  rows,
};
/** A probe that broke says nothing, so it is nobody's failure but the comparison's own. */
const wrong = rows.flatMap(({ name, own, except, outcomes }) =>
  Object.entries(outcomes)
    .filter(
      ([probe, { pass, error }]) => error !== undefined || (own && pass !== true && !except.includes(probe)),
    )
    .map(([probe, { fact, error }]) => `${name}, ${probe}: ${error ?? fact}`),
);
if (options.json) console.log(JSON.stringify(results, undefined, 2));
else printTables(results);
if (options.write && wrong.length === 0) writePage(results);
for (const line of wrong) console.error(line);
process.exit(wrong.length > 0 ? 1 : 0);
