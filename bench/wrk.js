/**
 * `npm run wrk`: the servers as users write them, under load from wrk (Debian: `apt install wrk`): CPU per request with 1, 32 and
 * 256 connections, and latency at 70 % of what a server can do. Writes a table into docs/performance.md. See README.md.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import autocannon from "autocannon";
import { startRedis } from "../test/servers/redis.ts";
import { makeSessions } from "./lib/check.js";
import { machine } from "./lib/machine.js";
import { machineText, number, table } from "./lib/markdown.js";
import { writeSection } from "./lib/section.js";
import { pin, start } from "./lib/servers.js";
import { median } from "./lib/statistics.js";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "1" },
    only: { type: "string" },
    old: { type: "string" },
    quick: { type: "boolean", default: false },
    "no-report": { type: "boolean", default: false },
  },
});
const rounds = options.quick ? 1 : Number(options.rounds);
const seconds = options.quick ? 1 : Math.ceil(Number(options.seconds));
const SESSIONS = 1000;
const CONNECTIONS = [1, 32, 256];

if (spawnSync("wrk", ["--version"]).error !== undefined) {
  console.error("This bench needs wrk. On Debian: apt install wrk");
  process.exit(2);
}
const pinned = pin();
const redis = await startRedis();
const REDIS = `--redis=${redis.url}`;

const OLD = options.old && resolve(process.env.INIT_CWD ?? process.cwd(), options.old);
if (OLD !== undefined && !existsSync(`${OLD}/dist/index.js`)) {
  console.error(`--old ${OLD}: has no dist. Run npm ci and npm run build there.`);
  process.exit(2);
}

/** "again" is the same server once more: what the two differ by is noise. */
const ROWS = [
  ...["node", "express", "fastify", "koa", "hono"].flatMap((on) => [
    { on, with: "bare", label: `${on}, no session` },
    { on, with: "micropie", label: `**${on} + micropie**` },
    ...(on === "node" ? [{ on, with: "micropie", label: "**node + micropie**, again" }] : []),
    ...(on === "node" ? [] : [{ on, with: "rival", label: `${on} + ${rivalOf(on)}` }]),
  ]),
  { on: "express", with: "bare", more: ["--behind"], label: "express, helmet, compression" },
  { on: "express", with: "micropie", more: ["--behind"], label: "**the same + micropie**" },
  { on: "express", with: "rival", more: ["--behind"], label: "the same + express-session" },
  { on: "node", with: "micropie", more: [REDIS], label: "**node + micropie on Redis**" },
  { on: "express", with: "micropie", more: [REDIS], label: "**express + micropie on Redis**" },
  { on: "express", with: "rival", more: [REDIS], label: "express + express-session + connect-redis" },
]
  .filter(({ on }) => options.only === undefined || options.only.split(",").includes(on))
  .flatMap((row) =>
    OLD !== undefined && row.with === "micropie" && !row.label.endsWith("again")
      ? [row, asBefore(row)]
      : [row],
  );

/** The same server with the build of `--old`. */
function asBefore({ more = [], label, ...row }) {
  return { ...row, label: `${label}, before`, more: [...more, `--library=${OLD}`] };
}

function rivalOf(on) {
  return {
    express: "express-session",
    fastify: "@fastify/session",
    koa: "koa-session",
    hono: "hono-sessions",
  }[on];
}

const folder = mkdtempSync(join(tmpdir(), "micropie-wrk-"));
const LUA = fileURLToPath(new URL("wrk/load.lua", import.meta.url));

/** Loads a server. Returns the µs of CPU that a request costs it, and how many it answers in a second. */
async function load({ server, cookies }, connections) {
  const before = await server.usage();
  const url = `http://127.0.0.1:${server.port}/`;
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", LUA, url];
  const { stdout, stderr } = spawnSync("wrk", args, {
    encoding: "utf8",
    env: { ...process.env, COOKIES: cookies, REQUEST_PATH: "/" },
  });
  const after = await server.usage();
  const [, requests, us, errors] = /RESULT (\d+) (\d+) (\d+)/.exec(stdout) ?? [];
  if (errors !== "0") throw new Error(`wrk: ${stdout}${stderr}`);
  return { us: (after.cpu - before.cpu) / Number(requests), rate: (Number(requests) / Number(us)) * 1e6 };
}

/** Latency in ms while the server gets 70 % of what it can answer. */
async function latency({ server, list }, rate) {
  let connection = 0;
  const { latency: found } = await autocannon({
    url: `http://127.0.0.1:${server.port}/`,
    connections: 32,
    duration: Math.max(1, seconds),
    overallRate: Math.round(rate * 0.7),
    setupClient: (client) => client.setHeaders({ cookie: list[connection++ % list.length] }),
  });
  return { p50: found.p50, p99: found.p99 };
}

const running = [];
try {
  for (const [n, row] of ROWS.entries()) {
    const args = ["--on", row.on, "--with", row.with, ...(row.more ?? [])];
    const server = await start({ name: row.label, file: "../wrk/server.js", args }, pinned);
    const made = row.with === "bare" ? [] : await makeSessions(server.port, SESSIONS);
    const list = made.length > 0 ? made : [`session_id=${"A".repeat(48)}`];
    const cookies = join(folder, `${n}.txt`);
    writeFileSync(cookies, `${list.join("\n")}\n`);
    const one = { row, server, list, cookies, found: CONNECTIONS.map(() => []), rates: [], latencies: [] };
    running.push(one);
    // Compiled, before it is measured.
    await load(one, 32);
  }
  for (let round = 0; round < rounds; round++)
    for (const one of running) {
      for (const [n, connections] of CONNECTIONS.entries()) {
        const { us, rate } = await load(one, connections);
        one.found[n].push(us);
        if (connections === 32) one.rates.push(rate);
      }
      one.latencies.push(await latency(one, median(one.rates)));
    }
} finally {
  await Promise.all(running.map(({ server }) => server.stop()));
  await redis.stop();
  rmSync(folder, { recursive: true });
}

const text = table(
  [
    "server",
    ...CONNECTIONS.map((n) => `${n} connection${n === 1 ? "" : "s"}, µs (min–max)`),
    "p50, ms",
    "p99, ms",
  ],
  running.map(({ row, found, latencies }) => [
    row.label,
    ...found.map((all) => `${number(median(all))} (${number(Math.min(...all))}–${number(Math.max(...all))})`),
    ...["p50", "p99"].map((which) => number(median(latencies.map((each) => each[which])))),
  ]),
);
const date = new Date().toISOString().slice(0, 10);
const taken = `Taken on ${date}: ${machineText(machine())}. ${rounds} interleaved rounds of ${seconds} s; CPU µs of the server per counting request, 1,000 sessions.`;
console.log(text);
if (options.only === undefined && OLD === undefined && !options.quick && !options["no-report"])
  writeSection("wrk", `${taken}\n\n${text}`);
