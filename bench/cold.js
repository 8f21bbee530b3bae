/**
 * `npm run cold`: what a process pays before it answers. The time to import each entry, to the first answer of a server, and to that of
 * a Worker in workerd, with the CPU of a request there. Writes tables into docs/performance.md. See README.md.
 */
import { parseArgs } from "node:util";
import { measureWorker, WORKERS } from "./cold/workers.js";
import { machine } from "./lib/machine.js";
import { machineText, number, table } from "./lib/markdown.js";
import { writeSection } from "./lib/section.js";
import { answer, pin, run } from "./lib/servers.js";
import { median } from "./lib/statistics.js";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "15" },
    requests: { type: "string", default: "40000" },
    quick: { type: "boolean", default: false },
    "no-report": { type: "boolean", default: false },
  },
});
const rounds = options.quick ? 1 : Number(options.rounds);
const requests = options.quick ? 500 : Number(options.requests);
const pinned = pin();

const ENTRIES = [
  "micropie",
  ...["node", "express", "fastify", "koa", "hono", "fetch", "next"].map(
    (name) => `micropie/adapters/${name}`,
  ),
  ...["memory", "sqlite", "redis", "postgres", "mysql", "memcached"].map(
    (name) => `micropie/backends/${name}`,
  ),
  ...["guards", "dbsc", "sockets/signal", "compat/drop-in"].map((name) => `micropie/${name}`),
  "express-session",
  "@fastify/session",
  "iron-session",
];
const SERVERS = [
  "node, no session",
  "node + micropie",
  "micropie App",
  "express, no session",
  "express + micropie",
  "express + express-session",
];

/** What a fresh process reports. */
async function inProcess(file, args) {
  const child = run(`cold/${file}`, args, { pinned });
  const closed = new Promise((resolve) => child.once("exit", resolve));
  const said = await answer(child, args.join(" "));
  await closed;
  return said;
}

const imports = new Map(ENTRIES.map((name) => [name, []]));
const firsts = new Map(SERVERS.map((name) => [name, []]));
const workers = new Map(Object.keys(WORKERS).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, found] of imports) found.push((await inProcess("import.js", [name])).ms);
  for (const [name, found] of firsts) {
    const first = await inProcess("first.js", [name]);
    if (first.status !== 200) throw new Error(`${name} answered ${first.status}`);
    found.push(first);
  }
}
for (let round = 0; round < Math.min(rounds, 5); round++)
  for (const [name, found] of workers) found.push(await measureWorker(WORKERS[name], requests));

const range = (all) => `${number(median(all))} (${number(Math.min(...all))}–${number(Math.max(...all))})`;
const counted = [];
for (const [name, all] of imports)
  counted.push([`\`${name}\``, range(all), (await inProcess("import.js", [name, "--count"])).files]);

const text = [
  `Taken on ${new Date().toISOString().slice(0, 10)}: ${machineText(machine())}. Medians of ${rounds} fresh processes, in brackets the range; of ${Math.min(rounds, 5)} for workerd.`,
  table(["import of", "ms", "files"], counted),
  table(
    ["a process, from its start to its first answer", "ms", "CPU, ms"],
    [...firsts].map(([name, all]) => [
      name,
      range(all.map(({ ms }) => ms)),
      range(all.map(({ cpu }) => cpu)),
    ]),
  ),
  table(
    ["a Worker in workerd", "first answer, ms", "CPU until then, ms", "CPU of a request, µs"],
    [...workers].map(([name, all]) => [
      name,
      ...["start", "startCpu", "perRequest"].map((which) => range(all.map((each) => each[which]))),
    ]),
  ),
].join("\n\n");
console.log(text);
if (!options.quick && !options["no-report"]) writeSection("cold", text);
