import type { RedisLike } from "../../backends/redis.ts";
import { loadClient } from "./client.ts";
import type { StoreUrl } from "./store-url.ts";

/** A client that is connected, and what closes it. */
export interface OpenedRedis {
  readonly client: RedisLike;
  close(): void;
}

const SECONDS = 5;

interface NodeRedis {
  createClient(options: object): Connectable;
  createCluster(options: object): Connectable;
  createSentinel(options: object): Connectable;
}

type Connectable = RedisLike & {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
  destroy(): void;
};

interface IoRedis {
  readonly Redis: new (options: object) => IoClient;
  readonly Cluster: new (nodes: readonly object[], options: object) => IoClient;
}

type IoClient = RedisLike & {
  on(event: "error", listener: (error: Error) => void): unknown;
  connect(): Promise<unknown>;
  disconnect(): void;
};

/** Connects to Redis with the client of the user's project, without trying again. Rejects as the client does. */
export async function openRedis(url: StoreUrl): Promise<OpenedRedis> {
  const { name, module } = loadClient<NodeRedis | IoRedis>(["redis", "ioredis", "iovalkey"], "Redis");
  return name === "redis" ? byNodeRedis(module as NodeRedis, url) : byIoRedis(module as IoRedis, url);
}

async function byNodeRedis(redis: NodeRedis, url: StoreUrl): Promise<OpenedRedis> {
  const { kind, hosts, user, password, isSecure, path } = url;
  const socket = {
    connectTimeout: SECONDS * 1000,
    reconnectStrategy: false,
    ...(isSecure ? { tls: true } : {}),
  };
  const login = { username: user, password };
  const [primary = "", database = "0"] = path.split("/");
  const client =
    kind === "redis"
      ? redis.createClient({ url: url.href, socket })
      : kind === "redis-cluster"
        ? redis.createCluster({
            rootNodes: hosts.map(({ host, port }) => ({ socket: { host, port } })),
            defaults: { ...login, socket },
          })
        : redis.createSentinel({
            name: primary,
            sentinelRootNodes: hosts,
            maxCommandRediscovers: 1,
            nodeClientOptions: { ...login, database: Number(database), socket },
            sentinelClientOptions: { socket },
          });
  client.on("error", () => {});
  await client.connect();
  return { client, close: () => client.destroy() };
}

async function byIoRedis({ Redis, Cluster }: IoRedis, url: StoreUrl): Promise<OpenedRedis> {
  const { kind, hosts, user, password, isSecure, path } = url;
  const options = {
    username: user,
    password,
    lazyConnect: true,
    connectTimeout: SECONDS * 1000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    ...(isSecure ? { tls: {} } : {}),
  };
  const [primary, database = kind === "redis" ? path : "0"] = path.split("/");
  const db = Number(database || 0);
  const client =
    kind === "redis"
      ? new Redis({ ...options, ...hosts[0], db })
      : kind === "redis-cluster"
        ? new Cluster(hosts, {
            redisOptions: options,
            lazyConnect: true,
            clusterRetryStrategy: () => null,
            // By default a second, which is little for a connection with TLS.
            slotsRefreshTimeout: SECONDS * 1000,
            // A certificate is for a name, and it would ask for that of the address.
            ...(isSecure ? { dnsLookup: keepName } : {}),
          })
        : new Redis({
            ...options,
            sentinels: hosts,
            name: primary,
            db,
            sentinelRetryStrategy: () => null,
            enableTLSForSentinelMode: isSecure,
            ...(isSecure ? { sentinelTLS: {} } : {}),
          });
  let reason: Error | undefined;
  client.on("error", (error) => {
    reason = error;
  });
  try {
    await client.connect();
  } catch (error) {
    // It says only that the connection is closed.
    throw reason ?? error;
  }
  return { client, close: () => client.disconnect() };
}

function keepName(name: string, callback: (error: null, address: string) => void): void {
  callback(null, name);
}
