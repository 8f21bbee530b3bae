/**
 * `npm run profile -- --on express`: where the CPU time of a request goes. Profiles a program of versus/programs.js under
 * load, without connections, and prints the functions of micropie that take the most time themselves.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { answer, run } from "./lib/servers.js";

const { values: options } = parseArgs({
  options: {
    on: { type: "string", default: "node" },
    path: { type: "string", default: "/" },
    library: { type: "string", default: fileURLToPath(new URL("..", import.meta.url)) },
    seconds: { type: "string", default: "5" },
    top: { type: "string", default: "25" },
  },
});
const seconds = Number(options.seconds);
const library = resolve(process.env.INIT_CWD ?? ".", options.library);
const folder = mkdtempSync(join(tmpdir(), "micropie-profile-"));
try {
  const nodeArgs = ["--cpu-prof", `--cpu-prof-dir=${folder}`, "--cpu-prof-interval=200"];
  const child = run("versus/child.js", ["--on", options.on, "--library", library], { nodeArgs });
  await answer(child, options.on);
  const measure = async (us) => {
    const reply = answer(child, options.on);
    child.send({ path: options.path, us });
    return (await reply).us;
  };
  await measure(1e6);
  const us = await measure(seconds * 1e6);
  const exited = new Promise((done) => child.once("exit", done));
  child.disconnect();
  await exited;
  const profile = JSON.parse(readFileSync(join(folder, readdirSync(folder)[0]), "utf8"));
  print(selfTimes(profile, seconds * 1e6), us);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Each node's part of the time that ends with the profile and is `length` µs long. */
function selfTimes({ nodes, samples, timeDeltas, startTime, endTime }, length) {
  const times = new Map();
  let at = startTime;
  let total = 0;
  for (const [index, id] of samples.entries()) {
    at += timeDeltas[index];
    if (at < endTime - length) continue;
    const delta = timeDeltas[index + 1] ?? 0;
    times.set(id, (times.get(id) ?? 0) + delta);
    total += delta;
  }
  return nodes.map(({ id, callFrame }) => ({ ...callFrame, part: (times.get(id) ?? 0) / total }));
}

/** `us` is what a request took while it was profiled, which is more than it takes otherwise. */
function print(frames, us) {
  const dist = `${pathToFileURL(library).href.replace(/\/$/, "")}/dist/`;
  const groups = new Map();
  const functions = new Map();
  const add = (map, key, part) => map.set(key, (map.get(key) ?? 0) + part);
  for (const { url, functionName, lineNumber, part } of frames) {
    const isOurs = url.startsWith(dist);
    add(groups, isOurs ? "micropie" : groupOf(url, functionName), part);
    if (isOurs)
      add(functions, `${functionName || "(anonymous)"}  ${url.slice(dist.length)}:${lineNumber + 1}`, part);
  }
  const lines = (map, count) =>
    [...map]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, count)
      .filter(([, part]) => part >= 0.001)
      .map(
        ([name, part]) =>
          `${(part * us).toFixed(2).padStart(7)} µs ${(part * 100).toFixed(1).padStart(5)} %  ${name}`,
      )
      .join("\n");
  console.log(`${us.toFixed(1)} µs per request while profiled\n\n${lines(groups, 20)}\n`);
  console.log(`Functions of micropie, their own time\n\n${lines(functions, Number(options.top))}`);
}

function groupOf(url, functionName) {
  if (url === "") return functionName.startsWith("(") ? functionName : "(built-in functions)";
  if (url.startsWith("node:")) return "Node";
  return /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? "the bench";
}
