/** `npm run bench:memory`: what sessions in memory weigh, and what their expiry frees and costs. See README.md. */
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { machine, versions } from "./lib/machine.js";
import { writeMemoryReport } from "./lib/memory-report.js";
import { answer, run } from "./lib/servers.js";

const { values: options } = parseArgs({
  options: {
    count: { type: "string", default: "200000" },
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
  },
});
const count = options.quick ? 5000 : Number(options.count);
const idleTimeout = options.quick ? 2 : 25;

/** `after`: seconds from the expiry of the last session to the reading. */
const HOLDERS = [
  { kind: "micropie", label: "micropie, InMemorySessionBackend", after: 60 },
  { kind: "express-session", label: "express-session, MemoryStore", after: 60 },
  { kind: "map-sweep", label: "Map by hand, swept whole every 10 s", after: 15 },
  { kind: "nothing", label: "an idle process", after: 0 },
];

const results = [];
for (const { kind, label, after } of HOLDERS) {
  if (options.only && !options.only.includes(kind)) continue;
  const seconds = options.quick ? 1 : after;
  process.stderr.write(`${label}: ${count} sessions, then ${idleTimeout + seconds} s\n`);
  const child = run("memory/child.js", [kind, count, idleTimeout, seconds].map(String), {
    nodeArgs: ["--expose-gc"],
  });
  results.push({ label, after: seconds, ...(await answer(child, kind)) });
}

console.table(
  Object.fromEntries(
    results.map((row) => [
      row.label,
      {
        "heap B/session": row.bytes.toFixed(0),
        "RSS B/session": row.rss.toFixed(0),
        "µs to make one": row.createUs.toFixed(1),
        "heap freed": row.kind === "nothing" ? "–" : `${(row.freed * 100).toFixed(1)} %`,
        "loop delay max": `${row.delayMax.toFixed(1)} ms`,
        "loop delay p99": `${row.delayP99.toFixed(1)} ms`,
      },
    ]),
  ),
);
if (results.length === HOLDERS.length && !options.quick) {
  const folder = new URL("./results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const whole = {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    versions: versions(),
    count,
    results,
  };
  writeFileSync(new URL("memory.json", folder), `${JSON.stringify(whole, undefined, 1)}\n`);
  writeMemoryReport(whole);
}
