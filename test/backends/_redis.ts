import { randomBytes } from "node:crypto";
import { Cluster, Redis } from "ioredis";
import * as iovalkey from "iovalkey";
import { type RedisLike, RedisSessionBackend } from "micropie/backends/redis";
import type { TestStore } from "micropie/testing";
import { createClient, createClientPool, createCluster, RESP_TYPES } from "redis";

export interface Node {
  readonly host: string;
  readonly port: number;
}

/** A client under test, connected, and what closes it. */
export interface Opened {
  readonly client: RedisLike;
  close(): unknown;
}

/** Every kind of client, by how its documentation calls it. The first node is enough for those that take one. */
export const CLIENTS = {
  "node-redis": async ([node]: readonly Node[]): Promise<Opened> => {
    const client = createClient({ url: urlOf(node!) });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  "node-redis with RESP2": async ([node]: readonly Node[]): Promise<Opened> => {
    const client = createClient({ url: urlOf(node!), RESP: 2 });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  "a pool of node-redis": async ([node]: readonly Node[]): Promise<Opened> => {
    const client = createClientPool({ url: urlOf(node!) });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  "node-redis cluster": async (nodes: readonly Node[]): Promise<Opened> => {
    const client = createCluster({ rootNodes: nodes.map((node) => ({ url: urlOf(node) })) });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  ioredis: async ([node]: readonly Node[]): Promise<Opened> => {
    const client = new Redis(node!.port, node!.host);
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
  "ioredis with RESP3": async ([node]: readonly Node[]): Promise<Opened> => {
    const client = new Redis(node!.port, node!.host, { protocol: 3, enableAutoPipelining: true });
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
  "ioredis cluster": async (nodes: readonly Node[]): Promise<Opened> => {
    const client = new Cluster([...nodes]);
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
  "ioredis that answers numbers as texts": async ([node]: readonly Node[]): Promise<Opened> => {
    const client = new Redis(node!.port, node!.host, { stringNumbers: true });
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
  "node-redis that answers bytes": async ([node]: readonly Node[]): Promise<Opened> => {
    const typeMapping = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String };
    const client = createClient({ url: urlOf(node!), commandOptions: { typeMapping } });
    client.on("error", () => {});
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  // Stands in for GLIDE, which is no dependency of ours: its one method, and its words for a script that is not known.
  "a client with customCommand": async ([node]: readonly Node[]): Promise<Opened> => {
    const redis = new Redis(node!.port, node!.host);
    const customCommand = async ([name, ...args]: string[]) => {
      try {
        return await redis.call(name!, ...args);
      } catch (error) {
        throw String(error).includes("NOSCRIPT") ? new Error("- NoScriptError: No matching script.") : error;
      }
    };
    return { client: { customCommand }, close: () => redis.disconnect() };
  },
  iovalkey: async ([node]: readonly Node[]): Promise<Opened> => {
    const client = new iovalkey.Redis(node!.port, node!.host);
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
  "iovalkey cluster": async (nodes: readonly Node[]): Promise<Opened> => {
    const client = new iovalkey.Cluster([...nodes]);
    client.on("error", () => {});
    return { client, close: () => client.disconnect() };
  },
} as const;

export function urlOf({ host, port }: Node): string {
  return `redis://${host}:${port}`;
}

export function nodeOf(url: string): Node {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}

export function newPrefix(): string {
  return `test-${randomBytes(6).toString("base64url")}:`;
}

/** Looks into servers and changes what they hold, past the back-end. Takes every master of a Cluster. */
export class Keyspace {
  readonly nodes: readonly Redis[];

  constructor(nodes: readonly Node[]) {
    this.nodes = nodes.map(({ host, port }) => new Redis(port, host));
    for (const node of this.nodes) node.on("error", () => {});
  }

  /** Runs this for each key that begins so, on the node that has it. */
  async each(prefix: string, visit: (node: Redis, key: string) => Promise<unknown>): Promise<void> {
    await Promise.all(
      this.nodes.map(async (node) => {
        const found = new Set<string>();
        for (let cursor = "0", first = true; first || cursor !== "0"; first = false) {
          const [next, keys] = await node.scan(cursor, "MATCH", `${prefix}*`, "COUNT", 1000);
          for (const key of keys) found.add(key);
          cursor = next;
        }
        await Promise.all([...found].map((key) => visit(node, key)));
      }),
    );
  }

  async keys(prefix: string): Promise<string[]> {
    const all: string[] = [];
    await this.each(prefix, async (_, key) => all.push(key));
    return all.sort();
  }

  /** Makes all that is stored under the prefix so many seconds older. */
  async age(prefix: string, seconds: number): Promise<void> {
    // Redis keeps a key to the end of its last millisecond, which may be the one of the last write.
    await this.each(prefix, (node, key) => node.eval(AGE, 1, key, seconds + 0.002));
  }

  async clear(prefix: string): Promise<void> {
    await this.each(prefix, (node, key) => node.del(key));
  }

  async flushScripts(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.script("FLUSH")));
  }

  close(): void {
    for (const node of this.nodes) node.disconnect();
  }
}

const AGE = `
local s = tonumber(ARGV[1])
if redis.call('TYPE', KEYS[1]).ok == 'zset' then
  local all = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
  for n = 1, #all, 2 do redis.call('ZADD', KEYS[1], string.format('%.6f', all[n + 1] - (tonumber(all[n + 1]) < 0 and -s or s)), all[n]) end
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', redis.call('PTTL', KEYS[1]) - s * 1000))
  return
end
local text = redis.call('GET', KEYS[1])
if not text then return end
local function older(time)
  if not string.match(time, '^%d+$') or tonumber(time) == 0 then return time end
  return string.format('%0' .. #time .. '.0f', time - s * 1000)
end
local start, x, absolute, told, till, hash, previous, epoch, until_, fence, locked, rest = string.match(text,
  '^(${".".repeat(34)})(${".".repeat(13)})(${".".repeat(13)})(${".".repeat(13)})(${".".repeat(13)})(%S+) (%S+) (%d+) (%d+) (%d+) (%d+)(.*)$')
x = older(x)
redis.call('SET', KEYS[1], start .. x .. older(absolute) .. older(told) .. older(till) .. hash .. ' ' .. previous .. ' ' .. epoch
  .. ' ' .. older(until_) .. ' ' .. fence .. ' ' .. older(locked) .. rest, 'PXAT', string.format('%.0f', math.max(tonumber(x), 1)))`;

/** A fresh store for a case of the shared suite: a prefix of its own on this client. */
export function testStore(keyspace: Keyspace, { client }: Opened): TestStore {
  const prefix = newPrefix();
  const another = () => new RedisSessionBackend(client, { prefix });
  return {
    backend: another(),
    another,
    advance: (seconds) => keyspace.age(prefix, seconds),
    close: () => keyspace.clear(prefix),
  };
}
