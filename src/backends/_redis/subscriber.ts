import type { RedisLike } from "./client.ts";

/** What is heard on some channels. */
export interface Hearing {
  message(channel: string, text: string): void;
  /** The connection is gone. */
  lost(): void;
}

/** Listens to channels until it is closed. */
export interface Subscriber {
  /**
   * A client of several nodes changes its connection without a word, and a Cluster passes messages from node to node, so
   * some may be missed.
   */
  readonly mayMiss: boolean;
  close(): void;
}

/** Opens a connection of its own, which keeps no process alive. Undefined for a client that has no way to do so. */
export async function subscribe(
  client: RedisLike,
  channels: readonly string[],
  hearing: Hearing,
): Promise<Subscriber | undefined> {
  const has = (name: string): boolean => name in Object(client);
  const given = client as unknown;
  if (has("evalsha"))
    return has("nodes")
      ? onCluster(given as IoRedisCluster, channels, hearing)
      : onIoRedis(given as IoRedisClient, channels, hearing);
  if (!has("evalSha")) return undefined;
  if (has("socketEpoch")) return onNodeRedis(given as NodeRedisClient, channels, hearing);
  if (has("duplicate")) return onSeveral(given as NodeRedisSeveral, channels, hearing);
  // A pool lends one of its clients.
  if (!has("execute")) return undefined;
  const lent = await (given as NodeRedisPool).execute((client) => Promise.resolve({ client }));
  return onNodeRedis(lent.client, channels, hearing);
}

type Listener = (text: string, channel: string) => void;

interface NodeRedisClient {
  duplicate(): NodeRedisClient;
  connect(): Promise<unknown>;
  subscribe(channels: readonly string[], listener: Listener): Promise<void>;
  on(event: "error" | "end", listener: (error: Error) => void): unknown;
  unref(): void;
  destroy(): void;
  readonly isOpen: boolean;
}

interface NodeRedisPool {
  execute<T>(use: (client: NodeRedisClient) => Promise<T>): Promise<T>;
}

async function onNodeRedis(
  client: NodeRedisClient,
  channels: readonly string[],
  { message, lost }: Hearing,
): Promise<Subscriber> {
  const own = client.duplicate();
  const close = (): void => {
    if (own.isOpen) own.destroy();
  };
  // It would try to connect for ever. Another one is opened instead, and what was missed is asked for.
  const failed = new Promise<never>((_, reject) => own.on("error", reject));
  failed.catch(lost);
  own.on("end", lost);
  try {
    await Promise.race([own.connect(), failed]);
    own.unref();
    await own.subscribe(channels, (text, channel) => message(channel, text));
  } catch (error) {
    close();
    throw error;
  }
  return { mayMiss: false, close };
}

/** A client of a Cluster, or of Sentinel: it has a connection for this of its own. */
interface NodeRedisSeveral {
  subscribe(channels: readonly string[], listener: Listener): Promise<unknown>;
  unsubscribe(channels: readonly string[], listener: Listener): Promise<unknown>;
}

async function onSeveral(
  client: NodeRedisSeveral,
  channels: readonly string[],
  { message }: Hearing,
): Promise<Subscriber> {
  const listener: Listener = (text, channel) => message(channel, text);
  await client.subscribe(channels, listener);
  return {
    mayMiss: true,
    close: () => void client.unsubscribe(channels, listener).catch(() => {}),
  };
}

interface IoRedisClient {
  duplicate(options: object): IoRedisClient;
  connect(): Promise<void>;
  subscribe(...channels: string[]): Promise<unknown>;
  on(event: "message", listener: (channel: string, text: string) => void): unknown;
  on(event: "error" | "close", listener: () => void): unknown;
  disconnect(): void;
  readonly stream?: { unref?(): void };
}

async function onIoRedis(
  client: IoRedisClient,
  channels: readonly string[],
  { message, lost }: Hearing,
): Promise<Subscriber> {
  const own = client.duplicate({ lazyConnect: true, retryStrategy: null, sentinelRetryStrategy: null });
  try {
    own.on("error", lost);
    own.on("close", lost);
    own.on("message", message);
    await own.connect();
    own.stream?.unref?.();
    await own.subscribe(...channels);
  } catch (error) {
    own.disconnect();
    throw error;
  }
  return { mayMiss: false, close: () => own.disconnect() };
}

interface IoRedisCluster {
  subscribe(...channels: string[]): Promise<unknown>;
  unsubscribe(...channels: string[]): Promise<unknown>;
  on(event: "message", listener: Hearing["message"]): unknown;
  off(event: "message", listener: Hearing["message"]): unknown;
}

async function onCluster(
  cluster: IoRedisCluster,
  channels: readonly string[],
  { message }: Hearing,
): Promise<Subscriber> {
  const listener: Hearing["message"] = (channel, text) => message(channel, text);
  cluster.on("message", listener);
  try {
    await cluster.subscribe(...channels);
  } catch (error) {
    cluster.off("message", listener);
    throw error;
  }
  return {
    mayMiss: true,
    close() {
      cluster.off("message", listener);
      void cluster.unsubscribe(...channels).catch(() => {});
    },
  };
}
