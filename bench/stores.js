/** `npm run bench:stores`: CPU per request on shared stores, at the server and at the store. See README.md. */
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { query, startPostgres } from "../test/servers/postgres.ts";
import { command, startRedis } from "../test/servers/redis.ts";
import { countCommands } from "./lib/commands.js";
import { machine, versions } from "./lib/machine.js";
import { cpuOf } from "./lib/process-cpu.js";
import { runRounds } from "./lib/rounds.js";
import { pin } from "./lib/servers.js";
import { LOADS, SERVERS } from "./lib/stores-plan.js";
import { printStores, writeStores } from "./lib/stores-report.js";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    seconds: { type: "string", default: "1" },
    only: { type: "string" },
    old: { type: "string" },
    quick: { type: "boolean", default: false },
    "no-report": { type: "boolean", default: false },
  },
});
const rounds = options.quick ? 1 : Number(options.rounds);
const seconds = options.quick ? 0.2 : Number(options.seconds);
const wanted = options.only?.split(",");

const pinned = pin();
const stores = { redis: await startRedis(), postgres: await startPostgres() };
const before = options.old === undefined ? [] : SERVERS.filter(({ kind }) => kind === "own").map(asBefore);

/** The same server, in the checkout of `--old`. */
function asBefore(server) {
  const bench = resolve(process.env.INIT_CWD ?? process.cwd(), options.old, "bench");
  return { ...server, name: `${server.name} before`, label: `${server.label}, before`, bench };
}

const all = [...SERVERS, ...before];
const servers = all
  .filter(({ name }) => wanted === undefined || wanted.includes(name))
  .map((server) => ({
    ...server,
    args: server.args?.map((arg) => arg.replace(/\{(\w+)\}/, (_, name) => stores[name].url)),
  }));

let results;
try {
  const { measurements, checks } = await runRounds({
    servers,
    loads: LOADS,
    rounds,
    seconds,
    quick: options.quick,
    pinned,
    inspect: async ({ store }, port) =>
      store === "redis" ? { commands: await countCommands(stores.redis.url, port) } : undefined,
    storeCpu: ({ store }) => (store === undefined ? 0 : cpuOf(stores[store].pid)),
  });
  results = {
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
    versions: versions(["redis", "connect-redis", "pg", "connect-pg-simple"]),
    stores: {
      redis: /redis_version:(\S+)/.exec(await command(stores.redis.port, "INFO", "server"))[1],
      postgres: (await query(stores.postgres.url, "SHOW server_version"))[0].server_version.split(" ")[0],
    },
    options: { rounds, seconds, pinned },
    servers: all.filter(({ name }) => servers.some((server) => server.name === name)),
    loads: LOADS,
    checks,
    measurements,
  };
} finally {
  await Promise.all(Object.values(stores).map((store) => store.stop()));
}

const folder = new URL("./results/", import.meta.url);
const whole = wanted === undefined && options.old === undefined && !options.quick;
mkdirSync(folder, { recursive: true });
writeFileSync(
  new URL(whole ? "stores.json" : "partial-stores.json", folder),
  `${JSON.stringify(results, undefined, 1)}\n`,
);
printStores(results);
if (whole && !options["no-report"]) writeStores(results);
