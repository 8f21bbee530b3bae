/** The same story on real stores at 1:1000: sessions, requests and all else, with the engine in this process. */
import { createSessions, login } from "micropie";
import { query as queryPostgres, startPostgres } from "../../test/servers/postgres.ts";
import { childrenOf, send } from "../../test/servers/processes.ts";
import { startRedisCluster } from "../../test/servers/redis-cluster.ts";
import { cpuOf } from "../lib/process-cpu.js";
import { RETRY, STORY } from "./population.js";

const LANES = 64;

export const REAL = {
  async redis() {
    const { Cluster } = await import("ioredis");
    const { RedisSessionBackend } = await import("micropie/backends/redis");
    const cluster = await startRedisCluster({ replicas: 1 });
    const client = new Cluster([...cluster.nodes], {
      clusterRetryStrategy: () => 100,
      redisOptions: { maxRetriesPerRequest: 1, commandTimeout: 1000, autoResendUnfulfilledCommands: false },
    });
    client.on("error", () => {});
    return {
      backend: new RedisSessionBackend(client),
      pids: () => cluster.pids,
      losePrimary: () => cluster.masters[0].kill(),
      async close() {
        client.disconnect();
        await cluster.stop();
      },
    };
  },
  async postgres() {
    const { default: pg } = await import("pg");
    const { PostgresSessionBackend } = await import("micropie/backends/postgres");
    const server = await startPostgres();
    const pool = new pg.Pool({ connectionString: server.url, max: 20, connectionTimeoutMillis: 1000 });
    pool.on("error", () => {});
    const backend = new PostgresSessionBackend(pool);
    await queryPostgres(server.url, "SELECT 1");
    return {
      backend,
      pids: () => [server.pid],
      losePrimary: () => {},
      async close() {
        await pool.end();
        await server.stop();
      },
    };
  },
};

/** Runs the story. Returns answered and refused requests of each second, and the store's CPU in cores before anything happens. */
export async function play(name, { sessions: count, idle, requests, changes, touchThrottle }) {
  const store = await REAL[name]();
  const sessions = createSessions({
    backend: store.backend,
    cookie: { secure: false },
    timeouts: { idle, absolute: idle * 3 },
    touchThrottle,
    backendTimeout: 1,
  });
  try {
    const cookies = [];
    let made = 0;
    const make = async () => {
      while (made < count) {
        const session = await sessions.load(undefined);
        login(session, `user${made++}`);
        cookies.push((await sessions.commit(session)).split(";")[0]);
      }
    };
    await Promise.all(Array.from({ length: LANES }, make));
    return await drive(sessions, store, cookies, (count * requests) / idle, changes);
  } finally {
    await sessions.close();
    await store.close();
  }
}

async function drive(sessions, store, cookies, rate, changes) {
  const seconds = Array.from({ length: STORY.seconds }, () => ({ answered: 0, refused: 0 }));
  const open = new Set();
  const begun = performance.now();
  const second = () => Math.floor((performance.now() - begun) / 1000);
  const ask = async (n) => {
    const at = second();
    try {
      const session = await sessions.load(cookies[n]);
      if (Math.random() < changes) session.visits = (session.visits ?? 0) + 1;
      const line = await sessions.commit(session);
      if (line) cookies[n] = line.split(";")[0];
      if (seconds[at]) seconds[at].answered++;
    } catch {
      if (seconds[at]) seconds[at].refused++;
      if (Math.random() < RETRY.part) setTimeout(() => start(n), Math.random() * 2 * RETRY.seconds * 1000);
    }
  };
  const start = (n) => {
    if (second() >= STORY.seconds) return;
    const one = ask(n).finally(() => open.delete(one));
    open.add(one);
  };
  const signal = (name) => {
    for (const pid of store.pids())
      if (pid !== undefined) for (const each of [pid, ...childrenOf(pid)]) send(each, name);
  };
  const events = [
    [STORY.failover.at, () => store.losePrimary()],
    [STORY.logout.at, () => revokeSome(sessions, cookies)],
    [STORY.outage.at, () => signal("SIGSTOP")],
    [STORY.outage.at + STORY.outage.seconds, () => signal("SIGCONT")],
  ];
  const used = () => store.pids().reduce((sum, pid) => sum + (pid === undefined ? 0 : cpuOf(pid)), 0);
  const before = used();
  let steady;
  let sent = 0;
  while (second() < STORY.seconds) {
    const elapsed = (performance.now() - begun) / 1000;
    if (steady === undefined && elapsed >= STORY.failover.at) steady = (used() - before) / elapsed / 1e6;
    while (events.length > 0 && elapsed >= events[0][0]) void events.shift()[1]();
    for (; sent < elapsed * rate; sent++) start(Math.floor(Math.random() * cookies.length));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await Promise.allSettled(open);
  return { seconds, cores: steady };
}

async function revokeSome(sessions, cookies) {
  const users = Array.from({ length: Math.round(cookies.length * STORY.logout.part) }, (_, n) => `user${n}`);
  for (let at = 0; at < users.length; at += LANES)
    await Promise.allSettled(users.slice(at, at + LANES).map((userId) => sessions.revoke({ userId })));
}
