/** The figures of the shared stores: for the terminal, and the generated part of docs/performance.md. */
import { machineText, number, table } from "./markdown.js";
import { writeSection } from "./section.js";
import { Figures, median } from "./statistics.js";

const GOALS = [
  {
    text: "Redis, count ≤ 1.25 × GET and SETEX by hand",
    load: "count-1000",
    pair: ["micropie redis", "hand redis"],
  },
  {
    text: "PostgreSQL, read ≤ 1.25 × prepared SELECT by hand",
    load: "read",
    pair: ["micropie postgres", "hand postgres"],
  },
];
const MOST = 1.25;

const handOf = ({ store }) => `hand ${store}`;

/** Median CPU µs per request at the store. */
function atStore(measurements, server, load) {
  const found = measurements.filter((one) => one.server === server && one.load === load);
  return median(found.map(({ storeUs }) => storeUs));
}

function rowsOf({ servers, measurements }, load) {
  const figures = new Figures(measurements, load);
  return servers
    .filter(({ kind, name }) => kind !== "floor" && figures.has(name))
    .map((server) => {
      const { median: middle, min, max } = figures.of(server.name);
      const ratio = figures.ratio(server.name, handOf(server));
      return [
        server.kind === "own" ? `**${server.label}**` : server.label,
        `${number(middle)} (${number(min)}–${number(max)})`,
        ratio === undefined ? "" : ratio.median.toFixed(2),
        number(atStore(measurements, server.name, load)),
      ];
    });
}

function goals({ measurements }) {
  return GOALS.flatMap(({ text, load, pair }) => {
    const ratio = new Figures(measurements, load).ratio(...pair);
    if (ratio === undefined) return [];
    return [{ text, ratio, met: ratio.median <= MOST }];
  });
}

export function printStores(results) {
  for (const load of results.loads) {
    console.log(`\n${load.label} (GET ${load.path})`);
    for (const [label, us, ratio, store] of rowsOf(results, load.name))
      console.log(
        `  ${label.replaceAll("**", "").padEnd(52)}${us.padStart(20)} µs ${ratio.padStart(6)} × by hand ${store.padStart(7)} µs at the store`,
      );
  }
  for (const [name, { commands }] of Object.entries(results.checks))
    if (commands)
      console.log(`${name}: ${commandsOf(commands).join(", ")} commands (count, read, no cookie)`);
  for (const { text, ratio, met } of goals(results))
    console.log(
      `${met ? "met    " : "not met"}  ${text}: ${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
    );
  const noisy = results.measurements.filter((one) => one.noisy).length;
  console.log(`${noisy} of ${results.measurements.length} measurements disturbed by other processes`);
}

const commandsOf = ({ count, read, anonymous }) => [count.length, read.length, anonymous.length];

function commandTable({ servers, checks }) {
  const rows = servers
    .filter(({ name }) => checks[name]?.commands)
    .map(({ name, label, kind }) => [
      kind === "own" ? `**${label}**` : label,
      ...commandsOf(checks[name].commands),
    ]);
  return table(["commands that Redis got for", "a count", "a read", "a read without cookie"], rows);
}

export function writeStores(results) {
  const { date, machine, options, loads, measurements, versions, stores } = results;
  const head = ["server", "µs per request (min–max)", "× by hand", "µs at the store"];
  const tables = loads.map((load) => `**${load.label}**:\n\n${table(head, rowsOf(results, load.name))}`);
  const noisy = measurements.filter((one) => one.noisy).length;
  writeSection(
    "stores",
    `Taken on ${date}: ${machineText(machine)}, Redis ${stores.redis}, PostgreSQL ${stores.postgres}. ${options.rounds} interleaved rounds of ${options.seconds} s${
      options.pinned
        ? ", the server on a core of its own; the store shares the other with the generator"
        : ", **not pinned to cores**"
    }.

${tables.join("\n\n")}

${commandTable(results)}

${goals(results)
  .map(({ text, ratio, met }) => `- ${text}: ${met ? "met" : "**not met**"}, ${ratio.median.toFixed(2)}`)
  .join("\n")}

Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(
        ", ",
      )}. ${noisy} of ${measurements.length} measurements were kept although other processes used more than
12 % of a core meanwhile.`,
  );
}
