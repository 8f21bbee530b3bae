import { join } from "node:path";
import { until } from "../_until.ts";
import { find, howToGet, ServerMissing } from "./find.ts";
import { command, startRedis } from "./redis.ts";
import { type Server, startServer } from "./server.ts";

export interface RedisSentinel {
  /** What clients ask where the primary is. */
  readonly sentinel: { readonly host: string; readonly port: number };
  /** The name of the primary. */
  readonly name: string;
  /** The URL of the primary, as the sentinel says. */
  primary(): Promise<string>;
  /** Kills the primary when the replica has all of it. Resolves when the sentinel has made the replica the primary. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

const NAME = "main";
const CONF = "sentinel.conf";

/** Starts a Redis with a replica, and a sentinel that makes the replica the primary half a second after that is gone. Not in Docker. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  if ((await find("redis")) === "docker") throw new ServerMissing("redis-sentinel", howToGet("redis"));
  const started: Server[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    const primary = await startRedis({ "repl-diskless-sync-delay": "0" });
    started.push(primary);
    const replica = await startRedis({ replicaof: `127.0.0.1 ${primary.port}` });
    started.push(replica);
    await until(async () => {
      const info = String(await command(replica.port, "INFO", "replication"));
      if (!info.includes("master_link_status:up")) throw new Error("The replica has not got everything yet.");
    });
    const sentinel = await startServer({
      wanted: "redis",
      async prepare(home) {
        // It writes its state into this file.
        home.write(
          CONF,
          `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 1
sentinel down-after-milliseconds ${NAME} 500
sentinel failover-timeout ${NAME} 5000
`,
        );
      },
      args: (port, { folder }) =>
        [join(folder, CONF), "--sentinel", "--port", String(port)].concat([
          "--dir",
          folder,
          "--bind",
          "127.0.0.1",
        ]),
      async ready(port) {
        const known = (await command(port, "SENTINEL", "REPLICAS", NAME)) as unknown[];
        if (known.length === 0) throw new Error("The sentinel knows no replica yet.");
      },
    });
    started.push(sentinel);
    return {
      sentinel: { host: "127.0.0.1", port: sentinel.port },
      name: NAME,
      async primary() {
        const [host, port] = (await command(
          sentinel.port,
          "SENTINEL",
          "GET-MASTER-ADDR-BY-NAME",
          NAME,
        )) as string[];
        return `redis://${host}:${port}`;
      },
      async failOver() {
        // WAIT knows only of the writes of its own connection.
        const sent = await offsetOf(primary.port, "master_repl_offset");
        await until(async () => {
          const received = await offsetOf(replica.port, "slave_repl_offset");
          if (received < sent) throw new Error("The replica has not got everything yet.");
        });
        await primary.kill();
        await until(async () => {
          const [, port] = (await command(
            sentinel.port,
            "SENTINEL",
            "GET-MASTER-ADDR-BY-NAME",
            NAME,
          )) as string[];
          if (Number(port) !== replica.port) throw new Error("The replica is not the primary yet.");
        });
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** How many bytes of the stream of replication a server has. */
async function offsetOf(port: number, name: "master_repl_offset" | "slave_repl_offset"): Promise<number> {
  const info = String(await command(port, "INFO", "replication"));
  return Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
}
