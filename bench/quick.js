/**
 * `npm run bench:quick`: what a request allocates, how many commands Redis gets for it, and how large bundles are. The speed of
 * the machine does not change these. Exits with 1 if one is over its limit in limits.json by more than 5 %. See README.md.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startRedis } from "../test/servers/redis.ts";
import { countCommands } from "./lib/commands.js";
import { answer, run, start } from "./lib/servers.js";

const { values: options } = parseArgs({ options: { write: { type: "boolean", default: false } } });

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LIMITS = new URL("limits.json", import.meta.url);
const ON = ["node", "express", "fastify", "koa", "hono on node", "App on node"];
const PATHS = { counts: "/", reads: "/read", "does not look": "/none" };
const REQUESTS = 2000;
const SLACK = 1.05;

/** Nothing is collected while the requests run. */
const NODE_ARGS = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];

async function bytesOn(on) {
  const child = run("versus/child.js", ["--on", on, "--library", ROOT], { nodeArgs: NODE_ARGS });
  await answer(child, on);
  const found = {};
  for (const [name, path] of Object.entries(PATHS)) {
    const reply = answer(child, on);
    child.send({ path, requests: REQUESTS });
    found[`bytes, ${on}: ${name}`] = Math.round((await reply).bytes);
  }
  child.disconnect();
  return found;
}

async function commands() {
  const redis = await startRedis();
  try {
    const server = await start({ name: "Redis", file: "micropie-node.js", args: [`--redis=${redis.url}`] });
    const { count, read, anonymous } = await countCommands(redis.url, server.port);
    await server.stop();
    const lists = { counts: count, reads: read, "reads, no cookie": anonymous };
    return Object.fromEntries(
      Object.entries(lists).map(([name, list]) => [`commands: ${name}`, list.length]),
    );
  } finally {
    await redis.stop();
  }
}

function bundles() {
  const { stdout, stderr, status } = spawnSync(process.execPath, ["scripts/size.js", "--json"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  const sizes = JSON.parse(stdout);
  return Object.fromEntries(sizes.map(({ name, gzipped }) => [`bundle, gzipped: ${name}`, gzipped]));
}

// The servers take the library by its name, without the bench's own `npm ci`.
const link = new URL("node_modules/micropie", import.meta.url);
mkdirSync(new URL(".", link), { recursive: true });
if (!existsSync(link)) symlinkSync(ROOT, link, "junction");

const found = { ...bundles(), ...(await commands()) };
for (const on of ON) Object.assign(found, await bytesOn(on));

/** Another process may be luckier: what its optimizing compiler does is a matter of time. */
async function again(limits) {
  for (const on of ON) {
    const isOver = Object.keys(PATHS).some((name) => isTooMuch(limits, `bytes, ${on}: ${name}`));
    if (!isOver) continue;
    for (const [name, bytes] of Object.entries(await bytesOn(on))) found[name] = Math.min(found[name], bytes);
  }
}

function isTooMuch(limits, name) {
  return !(found[name] <= limits[name] * SLACK);
}

if (options.write) writeFileSync(LIMITS, `${JSON.stringify(found, undefined, 2)}\n`);
const limits = JSON.parse(readFileSync(LIMITS, "utf8"));
await again(limits);
let failed = 0;
for (const name of new Set([...Object.keys(limits), ...Object.keys(found)])) {
  const isOver = isTooMuch(limits, name);
  if (isOver) failed++;
  const change = found[name] === limits[name] ? "0.0" : ((found[name] / limits[name] - 1) * 100).toFixed(1);
  console.log(
    `${isOver ? "OVER" : "ok  "} ${name.padEnd(64)} ${String(found[name]).padStart(7)}  ${change} %`,
  );
}
if (failed > 0) {
  console.log(
    `\n${failed} grew by more than 5 %. If that is wanted: npm run bench:quick -- --write, and say why.`,
  );
  process.exitCode = 1;
}
