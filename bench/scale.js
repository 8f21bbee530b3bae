/** `npm run bench:scale`: what a session weighs in each store, and what one core of each store carries. See README.md. */
import { mkdirSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { createSessions, login } from "micropie";
import { query as queryMariadb, startMariadb } from "../test/servers/mariadb.ts";
import { query as queryPostgres, startPostgres } from "../test/servers/postgres.ts";
import { command, startRedis } from "../test/servers/redis.ts";
import { machine } from "./lib/machine.js";
import { cpuOf } from "./lib/process-cpu.js";
import { printScale, writeScale } from "./lib/scale-report.js";
import { BESIDE, left, tableAt } from "./scale/beside.js";

const { values: options } = parseArgs({
  options: {
    count: { type: "string", default: "100000" },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    "no-report": { type: "boolean", default: false },
  },
});
const count = options.quick ? 2000 : Number(options.count);
const CALLS = options.quick ? 2000 : 60_000;
/** How many requests are under way at once. */
const LANES = 64;

/** About 180 bytes of JSON, as a shop keeps for somebody who is signed in. */
const data = (n) => ({
  visits: n,
  name: `Somebody Number ${n}`,
  csrf: "kq0v5m1yJrYp8mWw2tX4cA",
  cart: [
    { sku: "A-1029", quantity: 2 },
    { sku: "B-7741", quantity: 1 },
  ],
  locale: "en-US",
  theme: "dark",
});

/** Runs `work(n)` for each n below `total`, `LANES` at once. */
async function lanes(total, work) {
  let next = 0;
  const lane = async () => {
    while (next < total) await work(next++);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

const STORES = {
  redis: {
    label: "Redis",
    start: () => startRedis({ appendonly: "no" }),
    async open({ url }) {
      const { createClient } = await import("redis");
      const { RedisSessionBackend } = await import("micropie/backends/redis");
      const client = await createClient({ url }).connect();
      return { backend: new RedisSessionBackend(client), close: () => client.destroy() };
    },
    bytes: async ({ port }) => Number(/used_memory:(\d+)/.exec(await command(port, "INFO", "memory"))[1]),
    version: async ({ port }) => /redis_version:(\S+)/.exec(await command(port, "INFO", "server"))[1],
  },
  postgres: {
    label: "PostgreSQL",
    start: () => startPostgres(),
    async open({ url }) {
      const { default: pg } = await import("pg");
      const { PostgresSessionBackend } = await import("micropie/backends/postgres");
      const pool = new pg.Pool({ connectionString: url, max: 10 });
      pool.on("error", () => {}); // of a connection that was not in use when the server ended
      return { backend: new PostgresSessionBackend(pool), close: () => pool.end() };
    },
    bytes: async ({ url }, table = "sessions") =>
      Number((await queryPostgres(url, `SELECT pg_total_relation_size('${table}') AS bytes`))[0].bytes),
    version: async ({ url }) =>
      (await queryPostgres(url, "SHOW server_version"))[0].server_version.split(" ")[0],
  },
  mariadb: {
    label: "MariaDB",
    start: () => startMariadb({ "innodb-buffer-pool-size": "512M" }),
    async open({ url }) {
      const { createPool } = await import("mysql2/promise");
      const { MysqlSessionBackend } = await import("micropie/backends/mysql");
      const pool = createPool({ uri: url, connectionLimit: 10 });
      return { backend: new MysqlSessionBackend(pool), close: () => pool.end() };
    },
    async bytes({ url }) {
      await queryMariadb(url, "ANALYZE TABLE sessions");
      const [row] = await queryMariadb(
        url,
        "SELECT data_length + index_length AS bytes FROM information_schema.tables WHERE table_name = 'sessions'",
      );
      return Number(row.bytes);
    },
    version: async ({ url }) =>
      (await queryMariadb(url, "SELECT VERSION() AS version"))[0].version.split("-")[0],
  },
};

/** CPU µs per call at the store and in this process, and calls per second. */
async function cost(server, work) {
  const before = { store: cpuOf(server.pid), own: process.cpuUsage(), at: performance.now() };
  await lanes(CALLS, work);
  const own = process.cpuUsage(before.own);
  const seconds = (performance.now() - before.at) / 1000;
  return {
    store: (cpuOf(server.pid) - before.store) / CALLS,
    own: (own.user + own.system) / CALLS,
    rate: CALLS / seconds,
  };
}

async function measureStore(store) {
  const server = await store.start();
  try {
    const { backend, close } = await store.open(server);
    const sessions = createSessions({ backend });
    // The first use makes the table.
    await backend.read("AAAAAAAAAAAAAAAA");
    const empty = await store.bytes(server);
    const cookies = [];
    await lanes(count, async (n) => {
      const session = await sessions.load(undefined);
      Object.assign(session, data(n));
      login(session, `user-${n}`);
      cookies[n] = (await sessions.commit(session)).split(";", 1)[0];
    });
    const full = await store.bytes(server);
    const any = () => cookies[Math.floor(Math.random() * count)];
    const read = await cost(server, async () => {
      await sessions.commit(await sessions.load(any()));
    });
    const write = await cost(server, async () => {
      const session = await sessions.load(any());
      session.visits += 1;
      await sessions.commit(session);
    });
    const used = await store.bytes(server);
    const version = await store.version(server);
    await sessions.close();
    await close();
    return {
      label: store.label,
      version,
      bytes: (full - empty) / count,
      used: (used - empty) / count,
      read,
      write,
    };
  } finally {
    await server.stop();
  }
}

/** Ours, with the two steps that every one has. */
async function openOurs(store, server) {
  const { backend, close } = await store.open(server);
  const sessions = createSessions({ backend });
  await backend.read("AAAAAAAAAAAAAAAA");
  const cookies = [];
  const save = async (n, visits) => {
    const session = await sessions.load(cookies[n]);
    Object.assign(session, data(n), { visits });
    if (cookies[n] === undefined) login(session, `user-${n}`);
    cookies[n] = (await sessions.commit(session))?.split(";", 1)[0] ?? cookies[n];
  };
  const closeAll = async () => {
    await sessions.close();
    await close();
  };
  return { save, close: closeAll };
}

async function openBeside(beside, server) {
  const { set, close } = await beside.open(server);
  return { save: (n, visits) => set(`session-${n}`, { ...data(n), visits, user: `user-${n}` }), close };
}

/** Makes sessions and changes them; returns the bytes of one, and what a change left in PostgreSQL. */
async function footprint(name, label, table, open) {
  const store = STORES[name];
  const server = await store.start();
  try {
    const before = await store.bytes(server, table).catch(() => 0);
    const one = await open(server);
    await lanes(count, (n) => one.save(n, n));
    const bytes = ((await store.bytes(server, table)) - before) / count;
    if (name !== "postgres") {
      await one.close();
      return { label, bytes };
    }
    await queryPostgres(server.url, `ALTER TABLE ${table} SET (autovacuum_enabled = false)`);
    const start = await tableAt(queryPostgres, server.url, table);
    await lanes(CALLS, (n) => one.save(Math.floor(Math.random() * count), count + n));
    // A connection reports what it has done when it ends.
    await one.close();
    return { label, bytes, ...left(start, await tableAt(queryPostgres, server.url, table), CALLS) };
  } finally {
    await server.stop();
  }
}

const wanted = options.only?.split(",") ?? Object.keys(STORES);
const results = { date: new Date().toISOString().slice(0, 10), machine: machine(), count, stores: [] };
for (const name of wanted) {
  process.stderr.write(`${name}: ${count} sessions\n`);
  results.stores.push(await measureStore(STORES[name]));
}
results.beside = [];
for (const [name, beside] of Object.entries(BESIDE).filter(([each]) => wanted.includes(each))) {
  process.stderr.write(`${name}, beside ${beside.label}\n`);
  results.beside.push({
    store: STORES[name].label,
    ours: await footprint(name, "micropie", "sessions", (server) => openOurs(STORES[name], server)),
    theirs: await footprint(name, beside.label, beside.table, (server) => openBeside(beside, server)),
  });
}
printScale(results);
const folder = new URL("./results/", import.meta.url);
mkdirSync(folder, { recursive: true });
if (!options.quick && options.only === undefined) {
  writeFileSync(new URL("scale.json", folder), `${JSON.stringify(results, undefined, 1)}\n`);
  if (!options["no-report"]) writeScale(results);
}
