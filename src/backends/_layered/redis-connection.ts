import { ConfigError } from "../../errors.ts";

/** A client of node-redis (`createClient`), ioredis or iovalkey (`Redis`) for one server. It need not be connected. */
export interface RedisTemplate {
  /** Answers a client of the same kind, for the same server. */
  duplicate(options?: object): unknown;
}

/** A connection of our own. Once it is lost it stays so: what one that came back has missed, nobody could tell. */
export interface RedisConnection {
  /** Opens it; `lost` is called when it ends, for whatever reason. */
  open(lost: (error: unknown) => void): Promise<unknown>;
  send(command: string, ...args: string[]): Promise<unknown>;
  /** Hands on what is said on a channel, undecoded. From then on only `ping` may be sent. */
  subscribe(channel: string, listener: (message: unknown) => void): Promise<unknown>;
  ping(): Promise<unknown>;
  close(): void;
}

interface Client {
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  connect(): Promise<unknown>;
  ping(): Promise<unknown>;
}

interface NodeRedis extends Client {
  sendCommand(args: string[]): Promise<unknown>;
  subscribe(channel: string, listener: (message: unknown) => void, asBytes: true): Promise<unknown>;
  destroy(): void;
}

interface IoRedis extends Client {
  call(command: string, ...args: string[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  disconnect(): void;
}

/** What we do not want of the options of either; RESP2, which alone both of them can be subscribed in alike. */
const COMMON = { keyPrefix: "" };
const OF_NODE_REDIS = {
  ...COMMON,
  RESP: 2,
  clientSideCache: undefined,
  emitInvalidate: false,
  maintNotifications: "disabled",
  disableOfflineQueue: false,
};
const OF_IOREDIS = {
  ...COMMON,
  protocol: 2,
  lazyConnect: true,
  enableOfflineQueue: true,
  enableAutoPipelining: false,
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  readOnly: false,
  retryStrategy: () => null,
  reconnectOnError: null,
  monitor: false,
};

/** How to make connections like the client's, and what it puts before every key. Throws ConfigError `redis`. */
export function connectionsOf(client: RedisTemplate): { keyPrefix: string; make: () => RedisConnection } {
  const given = Object(client) as Record<string, unknown>;
  const isSingle =
    typeof given.duplicate === "function" &&
    typeof given.subscribe === "function" &&
    !("isCluster" in given && given.isCluster) &&
    !("slots" in given || "getMasterNode" in given);
  const options = Object(given.options) as { keyPrefix?: unknown; socket?: object };
  const keyPrefix = String(options.keyPrefix ?? "");
  if (isSingle && typeof given.call === "function") {
    return { keyPrefix, make: () => ofIoRedis(client.duplicate(OF_IOREDIS) as IoRedis) };
  }
  if (isSingle && typeof given.sendCommand === "function") {
    const socket = { ...options.socket, reconnectStrategy: false };
    return {
      keyPrefix,
      make: () => ofNodeRedis(client.duplicate({ ...OF_NODE_REDIS, socket }) as NodeRedis),
    };
  }
  throw new ConfigError(
    "redis",
    "takes createClient of redis, or new Redis of ioredis. For a cluster, and any other client, use staleness",
  );
}

function ofNodeRedis(client: NodeRedis): RedisConnection {
  return {
    open: (lost) => connected(client, lost),
    send: (...args) => client.sendCommand(args),
    subscribe: (channel, listener) => client.subscribe(channel, listener, true),
    ping: () => client.ping(),
    close() {
      try {
        client.destroy();
      } catch {
        // Before redis 6 it throws if there is nothing left to close.
      }
    },
  };
}

function ofIoRedis(client: IoRedis): RedisConnection {
  return {
    open: (lost) => connected(client, lost),
    send: (command, ...args) => client.call(command, ...args),
    subscribe(channel, listener) {
      client.on("messageBuffer", (name, message) => {
        if (String(name) === channel) listener(message);
      });
      return client.subscribe(channel);
    },
    ping: () => client.ping(),
    close: () => client.disconnect(),
  };
}

function connected(client: Client, lost: (error: unknown) => void): Promise<unknown> {
  const over = (error: unknown): void => lost(error ?? new Error("The connection to Redis was closed."));
  for (const event of ["error", "close", "end", "reconnecting"]) client.on(event, over);
  return client.connect();
}
