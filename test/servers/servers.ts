import { startMariadb } from "./mariadb.ts";
import { startMemcached } from "./memcached.ts";
import { startNginx } from "./nginx.ts";
import { startPgBouncer } from "./pgbouncer.ts";
import { startPostgres } from "./postgres.ts";
import { startPrometheus } from "./prometheus.ts";
import { startRedis } from "./redis.ts";
import { startSharedCluster } from "./redis-cluster.ts";

/** What a test is told of each server. */
export interface ServerInfo {
  redis: { readonly url: string; readonly pid: number | undefined };
  "redis-cluster": { readonly nodes: readonly { readonly host: string; readonly port: number }[] };
  postgres: { readonly url: string; readonly adminUrl: string; readonly pid: number | undefined };
  pgbouncer: { readonly url: string; readonly adminUrl: string; readonly postgresUrl: string };
  mariadb: { readonly url: string; readonly adminUrl: string; readonly pid: number | undefined };
  memcached: { readonly host: string; readonly port: number; readonly pid: number | undefined };
  /** In front of `npm start` of an example; a test starts its own in front of its server. */
  nginx: { readonly url: string };
  /** Scrapes the metrics of `npm start` of examples/observed; a test starts its own for its server. */
  prometheus: { readonly url: string };
}

export type ServerName = keyof ServerInfo;

type Started<Name extends ServerName> = { info: ServerInfo[Name]; stop(): Promise<void> };

/** Servers that are started when somebody first asks for them, each once. */
export interface Servers {
  get<Name extends ServerName>(name: Name): Promise<ServerInfo[Name]>;
  /** Ends all of them. */
  stop(): Promise<void>;
}

export const SERVER_NAMES: readonly ServerName[] = [
  "redis",
  "redis-cluster",
  "postgres",
  "pgbouncer",
  "mariadb",
  "memcached",
  "nginx",
  "prometheus",
];

export function openServers(): Servers {
  const started = new Map<ServerName, Promise<Started<ServerName>>>();

  const get = async <Name extends ServerName>(name: Name): Promise<ServerInfo[Name]> => {
    let starting = started.get(name);
    if (starting === undefined) {
      starting = starts[name]();
      started.set(name, starting);
    }
    return (await starting).info as ServerInfo[Name];
  };

  const starts: { [Name in ServerName]: () => Promise<Started<Name>> } = {
    async redis() {
      const server = await startRedis();
      return { info: { url: server.url, pid: server.pid }, stop: server.stop };
    },
    async "redis-cluster"() {
      const { nodes, stop } = await startSharedCluster();
      return { info: { nodes }, stop };
    },
    async postgres() {
      const server = await startPostgres();
      return { info: { url: server.url, adminUrl: server.adminUrl, pid: server.pid }, stop: server.stop };
    },
    async pgbouncer() {
      const { url: postgresUrl } = await get("postgres");
      const { url, adminUrl, stop } = await startPgBouncer({ url: postgresUrl });
      return { info: { url, adminUrl, postgresUrl }, stop };
    },
    async mariadb() {
      const server = await startMariadb();
      return { info: { url: server.url, adminUrl: server.adminUrl, pid: server.pid }, stop: server.stop };
    },
    async memcached() {
      const { host, port, pid, stop } = await startMemcached();
      return { info: { host, port, pid }, stop };
    },
    async nginx() {
      const { url, stop } = await startNginx({ url: "http://localhost:3000" });
      return { info: { url }, stop };
    },
    async prometheus() {
      const { url, stop } = await startPrometheus(["127.0.0.1:9464"]);
      return { info: { url }, stop };
    },
  };

  return {
    get,
    async stop() {
      const all = await Promise.allSettled(started.values());
      await Promise.all(all.map((each) => (each.status === "fulfilled" ? each.value.stop() : undefined)));
    },
  };
}
