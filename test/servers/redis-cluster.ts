import { until } from "../_until.ts";
import { startContainer } from "./docker.ts";
import { find, howToGet, ServerMissing } from "./find.ts";
import { command, type RedisServer, startRedis } from "./redis.ts";

export interface ClusterNode extends RedisServer {
  readonly host: string;
  /** Its name in the cluster. */
  readonly id: string;
}

export interface RedisCluster {
  /** Where clients begin: all nodes, masters first. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly masters: readonly ClusterNode[];
  /** The first is the first master's at the start, and so on; a second round of them begins after the last. */
  readonly replicas: readonly ClusterNode[];
  readonly pids: readonly (number | undefined)[];
  /** Resolves when every node that runs says that the cluster is whole. Throws after 30 seconds. */
  whole(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
}

const SLOTS = 16_384;
const MASTERS = 3;

/**
 * Starts a Redis Cluster of three masters, and as many replicas for each as asked for (default: none). Not in Docker,
 * where its nodes could not be ended one by one.
 */
export async function startRedisCluster(
  options: { replicas?: number; settings?: Record<string, string> } = {},
): Promise<RedisCluster> {
  if ((await find("redis")) === "docker") throw new ServerMissing("redis-cluster", howToGet("redis"));
  const settings = {
    "cluster-enabled": "yes",
    "cluster-node-timeout": "2000",
    "cluster-replica-validity-factor": "0",
    "repl-diskless-sync-delay": "0",
    ...options.settings,
  };
  const count = MASTERS * (1 + (options.replicas ?? 0));
  const started = await Promise.allSettled(Array.from({ length: count }, () => startRedis(settings)));
  const servers = started.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const stop = async () => {
    await Promise.all(servers.map((server) => server.stop()));
  };
  const failed = started.find((each) => each.status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }

  const whole = () =>
    until(async () => {
      await Promise.all(servers.map(({ port, pid }) => (pid === undefined ? undefined : isWhole(port))));
    });
  try {
    const nodes = await join(servers);
    await whole();
    return {
      nodes: nodes.map(({ host, port }) => ({ host, port })),
      masters: nodes.slice(0, MASTERS),
      replicas: nodes.slice(MASTERS),
      get pids() {
        return servers.map(({ pid }) => pid);
      },
      whole,
      stop,
      async kill() {
        await Promise.all(servers.map((server) => server.kill()));
      },
      async restart() {
        await Promise.all(servers.map((server) => server.restart()));
        await whole();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One of three masters that is only for use: what there is in Docker too. */
export async function startSharedCluster(): Promise<Pick<RedisCluster, "nodes" | "stop">> {
  if ((await find("redis")) !== "docker") return startRedisCluster();
  const ends = Array.from({ length: MASTERS }, (_, index) => `PORT_${index + 1}`);
  const { ports, stop } = await startContainer("redis-cluster", ends, { ready: isWhole });
  return { nodes: ports.map((port) => ({ host: "127.0.0.1", port })), stop };
}

async function isWhole(port: number): Promise<void> {
  const info = String(await command(port, "CLUSTER", "INFO"));
  if (!info.includes("cluster_state:ok")) throw new Error(`The cluster is not whole:\n${info}`);
}

/** Makes one cluster of these servers: what `redis-cli --cluster create` does, without needing it. */
async function join(servers: readonly RedisServer[]): Promise<ClusterNode[]> {
  // Only a node that nobody has met yet takes it.
  await Promise.all(
    servers.map(({ port }, index) => command(port, "CLUSTER", "SET-CONFIG-EPOCH", String(index + 1))),
  );
  const nodes = await Promise.all(
    servers.map(async (server, index) => {
      if (index < MASTERS) {
        const from = Math.floor((SLOTS * index) / MASTERS);
        const to = Math.floor((SLOTS * (index + 1)) / MASTERS);
        const slots = Array.from({ length: to - from }, (_, each) => String(from + each));
        await command(server.port, "CLUSTER", "ADDSLOTS", ...slots);
      }
      // Each meets each, so that nobody has to wait for gossip.
      for (const { port } of servers.slice(0, index)) {
        await command(server.port, "CLUSTER", "MEET", "127.0.0.1", String(port));
      }
      const id = String(await command(server.port, "CLUSTER", "MYID"));
      return Object.assign(server, { host: "127.0.0.1", id });
    }),
  );
  await Promise.all(
    nodes
      .slice(MASTERS)
      .map((replica, index) =>
        until(() => command(replica.port, "CLUSTER", "REPLICATE", nodes[index % MASTERS]!.id)),
      ),
  );
  // A node that has not heard of all others yet sends clients to nobody.
  await until(async () => {
    for (const { port } of nodes) {
      const known = String(await command(port, "CLUSTER", "NODES"));
      const complete =
        nodes.every(({ id }) => known.includes(id)) &&
        known.split(" slave ").length + known.split(",slave ").length - 2 >= servers.length - MASTERS;
      if (!complete) throw new Error(`Node ${port} does not know all others:\n${known}`);
    }
  });
  return nodes;
}
