// `npm start`: serves the visit counter of the guide. Arguments go to the command line: npm start -- --port 3000
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.js";

const here = (path) =>
  relative(process.cwd(), fileURLToPath(new URL(`../examples/${path}`, import.meta.url)));
const file = here("visit-counter/app.ts");

// npm passes a SIGTERM on to a shell that dies of it without telling anybody; the server must not outlive them.
const parent = process.ppid;
const watcher = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watcher);
  process.kill(process.pid, "SIGTERM");
}, 100).unref();

if (build({ ifNeeded: true }) === 0) {
  const { cli } = await import("../dist/cli/cli.js");
  const exitCode = await cli([file, ...process.argv.slice(2)]);
  if (exitCode === undefined) console.log(next());
  else process.exitCode = exitCode;
} else {
  console.error("The library could not be compiled; what is wrong is above.");
  process.exitCode = 1;
}

function next() {
  return `
What to do next
  1. Open the address in a browser and reload the page: it counts your visits.
  2. Stop the server with Ctrl+C and run \`npm start\` again: it still knows you.
     The sessions are in ${process.env.SESSIONS ?? here("visit-counter/sessions.sqlite")}
  3. Change ${file}; \`npm start -- --watch\` restarts at every change.
     Another port: npm start -- --port 3000`;
}
