import type { SessionBackend } from "../../backends/backend.ts";
import { createSessions } from "../../core/sessions.ts";
import { misuse } from "../options.ts";
import { openConfig } from "./config.ts";
import { failure } from "./failure.ts";
import { openRedis } from "./redis-client.ts";
import { openMysql, openPostgres } from "./sql-client.ts";
import { openSqlite } from "./sqlite-file.ts";
import { readStoreUrl, type StoreUrl } from "./store-url.ts";
import type { SharedValues, Store } from "./subcommand.ts";

/** Seconds that one call of the store may take. */
const PATIENCE = "60s";

/** A store, and what closes it. */
export interface Opened extends Store {
  /** Problems that are no results: how many records nobody could read. */
  damaged(): number;
  close(): Promise<void>;
}

/** Opens the store that the arguments name. Throws `Problem`: exit code 2 for wrong arguments, 1 if it cannot be reached. */
export async function openStore(
  values: SharedValues,
  environment: NodeJS.ProcessEnv,
  how: string,
): Promise<Opened> {
  const { config } = values;
  if (config !== undefined && values.store !== undefined)
    throw misuse("--store and --config are two ways to say the same. Leave one of them out", how);
  if (config !== undefined) {
    const other = (["realm", "prefix", "table"] as const).find((name) => values[name] !== undefined);
    if (other !== undefined)
      throw misuse(`--${other} goes with --store; with --config, the module says it`, how);
    return counting(await openConfig(config), async () => {});
  }
  const text = values.store ?? environment.MICROPIE_STORE;
  if (!text)
    throw misuse(
      "where are the sessions? Say --store URL or --config FILE, or set the variable MICROPIE_STORE",
      how,
    );
  const option = values.store === undefined ? "MICROPIE_STORE" : "--store";
  const url = readStoreUrl(text, values, option, how);
  const { backend, close } = await openBackend(url);
  try {
    const sessions = createSessions({ backend, realm: values.realm, backendTimeout: PATIENCE });
    return counting({ sessions, shown: url.shown }, async () => {
      await sessions.close();
      await close();
    });
  } catch (error) {
    await close();
    throw failure(error, url);
  }
}

function counting(store: Store, close: () => Promise<void>): Opened {
  const damaged = new Set<string>();
  store.sessions.on("damaged", ({ handle }) => damaged.add(handle));
  return { ...store, damaged: () => damaged.size, close };
}

/** A back-end on a URL, and what closes its client. */
export interface OpenedBackend {
  readonly backend: SessionBackend;
  close(): Promise<unknown>;
}

/** Opens the store of a URL. Nothing is created there. Throws `Problem`. */
export async function openBackend(url: StoreUrl): Promise<OpenedBackend> {
  try {
    return await opened(url);
  } catch (error) {
    throw failure(error, url);
  }
}

async function opened(url: StoreUrl): Promise<OpenedBackend> {
  const { kind, prefix, table } = url;
  switch (kind) {
    case "redis":
    case "redis-cluster":
    case "redis-sentinel": {
      const { RedisSessionBackend } = await import("../../backends/redis.ts");
      const { client, close } = await openRedis(url);
      return { backend: new RedisSessionBackend(client, { prefix }), close: async () => close() };
    }
    case "postgres": {
      const { PostgresSessionBackend } = await import("../../backends/postgres.ts");
      const { client, close } = openPostgres(url);
      const backend = new PostgresSessionBackend(client, {
        table,
        createTable: false,
        listen: false,
        pruneInterval: 0,
      });
      await backend.ready();
      return { backend, close };
    }
    case "mysql": {
      const { MysqlSessionBackend } = await import("../../backends/mysql.ts");
      const { client, close } = openMysql(url);
      const backend = new MysqlSessionBackend(client, { table, createTable: false, pruneInterval: 0 });
      await backend.read("AAAAAAAAAAAAAAAA");
      return { backend, close };
    }
    case "memcached": {
      const { MemcachedSessionBackend } = await import("../../backends/memcached.ts");
      const backend = new MemcachedSessionBackend(url.hosts, { prefix });
      await backend.read("AAAAAAAAAAAAAAAA");
      return { backend, close: async () => {} };
    }
    case "sqlite":
      return { backend: openSqlite(url, table ?? "sessions"), close: async () => {} };
  }
}
