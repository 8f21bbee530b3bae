/** Writes the generated part of docs/performance.md and its chart. */
import { writeFileSync } from "node:fs";
import { barChart } from "./chart.js";
import { layers } from "./layers.js";
import { machineText, number, table } from "./markdown.js";
import { writeSection } from "./section.js";
import { Figures } from "./statistics.js";

const CHART = new URL("../../docs/performance.svg", import.meta.url);
const withRange = ({ median, min, max }) => `${number(median)} (${number(min)}–${number(max)})`;

function chart({ servers, measurements }) {
  const figures = new Figures(measurements, "count");
  const bars = servers
    .filter((server) => server.kind !== "floor")
    .map((server) => {
      const total = figures.of(server.name).median;
      const ratio = figures.ratio(server.name, "node+map").median;
      return {
        label: server.label,
        own: server.kind === "own",
        base: Math.min(total, figures.of(server.floor).median),
        total,
        text: `${number(total)} µs · ${ratio.toFixed(1)} ×`,
      };
    })
    .toSorted((a, b) => a.total - b.total);
  return barChart({
    title: "CPU time per request that counts a visit in its session",
    legend: { base: "the framework without a session", rest: "its session" },
    note: "× = times the hand-written Map",
    bars,
  });
}

function countTable({ servers, measurements }) {
  const figures = new Figures(measurements, "count");
  const rows = servers
    .filter((server) => figures.has(server.name))
    .map((server) => {
      const { name, kind, floor } = server;
      const layer = kind === "floor" ? undefined : figures.difference(name, floor).median;
      return [
        kind === "own" ? `**${server.label}**` : server.label,
        withRange(figures.of(name)),
        figures.ratio(name, "node").median.toFixed(2),
        figures.ratio(name, "node+map").median.toFixed(2),
        layer === undefined ? "" : number(layer),
      ];
    });
  return table(["server", "µs per request (min–max)", "× bare", "× Map by hand", "session alone, µs"], rows);
}

/** Of the loads that read or write a session. */
function layerTable({ measurements }) {
  const [counts, reads] = ["count", "read"].map((load) => layers(measurements, load));
  const columns = ({ theirs, ours, ratio }) => [number(theirs), number(ours), ratio.toFixed(2)];
  return table(
    ["the session alone, µs", "counts: theirs", "ours", "ratio", "reads: theirs", "ours", "ratio"],
    counts.map((row, i) => [row.label, ...columns(row), ...columns(reads[i])]),
  );
}

function loadTable({ servers, loads, measurements }) {
  const others = loads.filter((load) => load.name !== "count");
  const figures = others.map((load) => new Figures(measurements, load.name));
  const rows = servers
    .filter((server) => server.kind !== "floor" || server.name === "node")
    .map((server) => [
      server.kind === "own" ? `**${server.label}**` : server.label,
      ...figures.map((of) => {
        if (!of.has(server.name)) return "";
        return `${number(of.of(server.name).median)} (${of.ratio(server.name, "node").median.toFixed(2)})`;
      }),
    ]);
  return table(["server", ...others.map((load) => load.label)], rows);
}

function cookieTable({ servers, checks }) {
  const rows = servers
    .filter((server) => server.kind !== "floor")
    .map((server) => {
      const { setCookie, cookieBytes } = checks[server.name];
      const { anonymousRead, firstCount, nextCount, read } = setCookie;
      return [server.label, anonymousRead, firstCount, nextCount, read, cookieBytes];
    });
  return table(
    [
      "`Set-Cookie` lines on",
      "a read without cookie",
      "the first count",
      "the next count",
      "a read",
      "cookie, bytes",
    ],
    rows,
  );
}

export function writeReport(results) {
  const { date, machine, versions, options, measurements } = results;
  const noisy = measurements.filter((one) => one.noisy).length;
  const spread = new Figures(measurements, "count").of("node");
  writeFileSync(CHART, chart(results));
  writeSection(
    "bench",
    `![CPU time per request, as bars](performance.svg)

Taken on ${date}: ${machineText(machine)}. ${options.rounds} interleaved rounds of ${options.seconds} s${
      options.pinned ? ", server and generator on a core each" : ", **not pinned to cores**"
    }.

**A route that counts**, one session:

${countTable(results)}

**On each framework**, the session that its users take and ours, both over the framework alone:

${layerTable(results)}

**Other routes and cookies**, µs per request (in brackets × bare):

${loadTable(results)}

**Cookies**, as counted before the measurement:

${cookieTable(results)}

Versions: ${Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}.

How far to trust it: ${noisy} of ${measurements.length} measurements were kept although other processes used more
than 12 % of a core meanwhile. The bare server alone, the same code in every round, ranged from ${number(spread.min)} to
${number(spread.max)} µs; differences between two rows that are smaller than that range say nothing.`,
  );
}
