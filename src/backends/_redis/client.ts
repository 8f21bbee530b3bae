import { ConfigError } from "../../errors.ts";
import { refuseOther } from "../_kind.ts";
import type { Awaitable } from "../backend.ts";
import type { Script } from "./script.ts";

/** A client of node-redis: of `createClient`, `createClientPool`, `createCluster` or `createSentinel`. */
export interface NodeRedisLike {
  evalSha(sha1: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** `Redis` and `Cluster` of ioredis and of iovalkey. */
export interface IoRedisLike {
  evalsha(sha1: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
}

/** `GlideClient` and `GlideClusterClient` of @valkey/valkey-glide. */
export interface GlideLike {
  customCommand(args: string[]): Promise<unknown>;
}

/** A client of any of these kinds. */
export type RedisLike = NodeRedisLike | IoRedisLike | GlideLike;

/** Runs a script on one key and passes its reply to `read`. */
export type Run = <T>(
  script: Script,
  key: string,
  args: string[],
  read: (reply: unknown) => Awaitable<T>,
) => Promise<T>;

/** A client that takes commands. */
export interface Connection {
  readonly run: Run;
  /** Replies the text of a key, or null; without it, only a script reads from the primary for sure. */
  readonly get?: ((key: string) => Promise<unknown>) | undefined;
}

type Send = (script: Script, key: string, args: string[]) => Promise<unknown>;

/** Throws ConfigError `backend` if the client is not of a known kind. */
export function connect(client: RedisLike): Connection {
  const [byDigest, byText, get] = commandsOf(client);
  const run: Run = (script, key, args, read) =>
    byDigest(script, key, args).then(read, (error: unknown) => {
      // The server was restarted, flushed or promoted since it saw the script: send the text.
      // GLIDE has a message of its own for it.
      if (/NOSCRIPT|NoScriptError/.test(messageOf(error))) return byText(script, key, args).then(read, fail);
      return fail(error);
    });
  return { run, get };
}

const WANTED = "RedisSessionBackend takes a client: createClient of redis, new Redis of ioredis, or GLIDE's";

function commandsOf(client: RedisLike): [Send, Send, Connection["get"]?] {
  refuseOther(client, ["a client of Redis"], WANTED);
  const given: object = Object(client);
  if ("evalSha" in given) {
    const redis = given as NodeRedisConnection;
    const untimed = withoutTimer(redis);
    // A client that caches would answer from before another process's change.
    const isPlain = untimed !== redis && untimed.get !== undefined && redis.clientSideCache === undefined;
    return [
      ({ sha1 }, key, args) =>
        (redis.isReady === true ? untimed : redis).evalSha(sha1, { keys: [key], arguments: args }),
      ({ text }, key, args) => redis.eval(text, { keys: [key], arguments: args }),
      isPlain ? (key) => (redis.isReady === true ? untimed : redis).get!(key) : undefined,
    ];
  }
  if ("evalsha" in given) {
    const redis = given as IoRedisLike & { isCluster?: boolean; get?(key: string): Promise<unknown> };
    return [
      ({ sha1 }, key, args) => redis.evalsha(sha1, 1, key, ...args),
      ({ text }, key, args) => redis.eval(text, 1, key, ...args),
      redis.isCluster === false && redis.get !== undefined ? (key) => redis.get!(key) : undefined,
    ];
  }
  if ("customCommand" in given) {
    const redis = given as GlideLike;
    return [
      ({ sha1 }, key, args) => redis.customCommand(["EVALSHA", sha1, "1", key, ...args]),
      ({ text }, key, args) => redis.customCommand(["EVAL", text, "1", key, ...args]),
    ];
  }
  throw new ConfigError("backend", WANTED);
}

/** What only a single connection of node-redis has. */
interface NodeRedisConnection extends NodeRedisLike {
  readonly isReady?: boolean;
  readonly socketEpoch?: number;
  readonly clientSideCache?: unknown;
  get?(key: string): Promise<unknown>;
  withCommandOptions?(options: object): NodeRedisConnection;
}

/**
 * node-redis sets a timer for each command, in case it has to wait for a connection. That is more than half of what a
 * command costs, so while there is a connection, commands are sent without one.
 */
function withoutTimer(redis: NodeRedisConnection): NodeRedisConnection {
  if (redis.socketEpoch === undefined || redis.withCommandOptions === undefined) return redis;
  return redis.withCommandOptions({ timeout: 0, typeMapping: undefined });
}

function fail(error: unknown): never {
  if (!/unknown (redis )?command/i.test(messageOf(error))) throw error;
  throw new Error("Sessions need Redis 6.2 or newer, or Valkey; this server is older.", { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Returns a text in a reply. Some clients can be configured to return a Buffer. */
export function textOf(reply: unknown): string {
  return typeof reply === "string" ? reply : String(reply);
}
