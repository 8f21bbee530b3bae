// `npm run trace -- --on hono`: prints the files and functions of this library that one request passes, in order.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "./build.js";
import { Recorder } from "./trace/recorder.js";
import { express, hono } from "./trace/scenarios.js";

const HELP = `npm run trace -- [options]

Prints the files and functions of the library that one request passes, in the order in which they are entered.

--on hono      Hono on memory (the default)
--on express   Express 5 on Redis: the one at REDIS_URL, or one that is started
--dist FOLDER  another built library; by default the one of this repository, built first if it is out of date
--json         the same as JSON`;

const SCENARIOS = {
  hono: { title: "Hono on memory, one changed key", run: hono },
  express: { title: "Express 5 on Redis, one changed key", run: express },
};

async function main() {
  const { values } = parseArgs({
    options: {
      on: { type: "string", default: "hono" },
      dist: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const scenario = SCENARIOS[values.on];
  if (scenario === undefined)
    throw new Error(`Unknown scenario "${values.on}". Valid: ${Object.keys(SCENARIOS).join(", ")}.`);
  if (values.dist === undefined) {
    const status = build({ ifNeeded: true });
    if (status !== 0) return status;
  }
  // What only helps a developer is not on the way of a request in production.
  process.env.NODE_ENV = "production";
  const recorder = new Recorder(values.dist ?? join(fileURLToPath(new URL("..", import.meta.url)), "dist"));
  const trace = await scenario.run(recorder);
  if (values.json) console.log(JSON.stringify({ on: values.on, ...trace }));
  else console.log(`${scenario.title}\n\n${listing(trace)}`);
  return 0;
}

/** A line for each change of file and, under it, each function that is entered. */
function listing({ path, whole, ...counted }) {
  const lines = [];
  let current;
  for (const { file, name, line, mark } of path) {
    if (mark !== undefined) {
      lines.push(`*${mark}*`);
      continue;
    }
    if (file !== current) lines.push(file);
    current = file;
    lines.push(`    ${name}${name.includes("=> line") ? "" : `, line ${line}`}`);
  }
  lines.push("", totals(counted));
  if (whole.calls > counted.calls) lines.push(`until the body is read: ${totals(whole)}`);
  return lines.join("\n");
}

function totals({ files, functions, calls, changes }) {
  return `${files} files, ${functions} functions, ${calls} calls, ${changes} changes of file`;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
