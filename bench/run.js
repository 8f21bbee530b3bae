/** `npm run bench`: CPU µs per request of each server, in interleaved rounds. See README.md. */
import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { check, makeSessions } from "./lib/check.js";
import { printGoals } from "./lib/goals.js";
import { measure } from "./lib/load.js";
import { machine, versions } from "./lib/machine.js";
import { LOADS, SERVERS } from "./lib/plan.js";
import { writeReport } from "./lib/report.js";
import { pin, start } from "./lib/servers.js";
import { printSummary } from "./lib/summary.js";

const QUIET = 0.12;

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
// Optimizing compilers take thousands of requests; the slowest rivals need about three seconds.
const WARMUP_SECONDS = 3;

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
const warmup = Math.max(0.5, WARMUP_SECONDS / loads.length);
const pinned = pin();
const sessions = loads.some((load) => load.cookies > 1) ? 1000 : 1;
const running = new Map();
const measurements = [];
const checks = {};
let repeats = servers.length * loads.length * rounds * 0.5;

/** Measures again while somebody else used the machine, as long as there are repeats left. */
async function measureQuietly(server, load, round) {
  const { process: child, cookies } = running.get(server.name);
  const sent = server.kind === "floor" ? cookies.slice(0, 1) : cookies.slice(0, load.cookies);
  for (;;) {
    const figures = await measure(child, load, load.cookies === 0 ? [] : sent, seconds);
    const noisy = figures.others > QUIET;
    if (!noisy || options.quick || repeats <= 0) {
      measurements.push({ server: server.name, load: load.name, round, ...figures, noisy });
      return figures;
    }
    repeats--;
    await sleep(500);
  }
}

try {
  for (const server of servers) {
    process.stderr.write(`starting ${server.name}\n`);
    const child = await start(server, pinned);
    running.set(server.name, { process: child });
    checks[server.name] = await check(server, child.port);
    // A floor has no sessions, but gets a cookie of the usual length so that its parser has the same work.
    const cookies =
      server.kind === "floor"
        ? [`session_id=${"A".repeat(43)}`]
        : await makeSessions(child.port, options.quick ? 32 : sessions);
    running.get(server.name).cookies = cookies;
    if (options.quick) continue;
    for (const load of loads)
      await measure(child, load, load.cookies === 0 ? [] : cookies.slice(0, 1), warmup);
  }
  for (let round = 1; round <= rounds; round++) {
    for (const load of loads) {
      for (const server of servers) {
        if (server.only && !server.only.includes(load.name)) continue;
        const { us, others } = await measureQuietly(server, load, round);
        const noise = others > QUIET ? `  (others used ${(others * 100).toFixed(0)} %)` : "";
        process.stderr.write(
          `${round}/${rounds}  ${load.name.padEnd(16)}${server.name.padEnd(22)}${us.toFixed(1).padStart(7)} µs${noise}\n`,
        );
      }
    }
  }
} finally {
  await Promise.all([...running.values()].map(({ process: child }) => child.stop()));
}

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
if (!options.quick) printGoals(measurements);
if (whole && !options.quick && !options["no-report"]) writeReport(results);
