/** `npm run versus -- --old FOLDER`: what the session costs in two builds of micropie, in one run. See README.md. */
import { existsSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine } from "./lib/machine.js";
import { pin } from "./lib/servers.js";
import { PROGRAMS } from "./versus/programs.js";
import { measureRound } from "./versus/rounds.js";
import { layersOf, rows, verdicts } from "./versus/table.js";

const { values: options } = parseArgs({
  options: {
    old: { type: "string" },
    new: { type: "string", default: fileURLToPath(new URL("..", import.meta.url)) },
    only: { type: "string" },
    http: { type: "string", default: "node" },
    path: { type: "string", default: "/" },
    "no-cookie": { type: "boolean", default: false },
    rounds: { type: "string", default: "21" },
    turns: { type: "string", default: "6" },
    json: { type: "string" },
    quick: { type: "boolean", default: false },
  },
});
// npm runs this in the folder of the bench, and says from where it was called.
const here = process.env.INIT_CWD ?? process.cwd();
const rounds = options.quick ? 1 : Number(options.rounds);
const turns = options.quick ? 1 : Number(options.turns);

function fail(message) {
  console.error(message);
  process.exit(2);
}

function checkout(option) {
  if (options[option] === undefined) fail(`--${option} is missing: the folder of a checkout that is built.`);
  const folder = resolve(here, options[option]);
  if (!existsSync(`${folder}/dist/index.js`))
    fail(`--${option} ${folder}: has no dist. Run npm run build there.`);
  return folder;
}

function programs(list) {
  const names = list === "" ? [] : list.split(",");
  for (const name of names)
    if (!(name in PROGRAMS)) fail(`Unknown program "${name}". Valid: ${Object.keys(PROGRAMS).join(", ")}.`);
  return names;
}

const folders = [undefined, checkout("old"), checkout("new")];
const wanted = options.only === undefined ? Object.keys(PROGRAMS) : programs(options.only);
const plan = [
  ...wanted.map((on) => ({ on, overHttp: false })),
  ...programs(options.http).map((on) => ({ on, overHttp: true })),
];
const pinned = pin();
const measured = plan.map(({ on, overHttp }) => ({ name: overHttp ? `${on}, over HTTP` : on, rounds: [] }));
for (let round = 1; round <= rounds; round++) {
  for (const [index, each] of plan.entries()) {
    const [bare, old, fresh] = await measureRound({
      ...each,
      folders,
      turns,
      pinned,
      ...options,
      anonymous: options["no-cookie"],
    });
    const turnsOf = { bare, old, new: fresh };
    measured[index].rounds.push(turnsOf);
    const figures = Object.values(layersOf(turnsOf)).map((us) => us.toFixed(2).padStart(8));
    process.stderr.write(`${round}/${rounds}  ${measured[index].name.padEnd(18)}${figures.join("")} µs\n`);
  }
}
if (options.json !== undefined) {
  const results = { options: { ...options, rounds, turns, pinned }, machine: machine(), measured };
  writeFileSync(resolve(here, options.json), `${JSON.stringify(results, undefined, 1)}\n`);
}
console.log(`\n${rows(measured)}\n\n${verdicts(measured)}`);
