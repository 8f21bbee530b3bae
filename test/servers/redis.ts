import { createClient } from "redis";
import { type Server, startServer } from "./server.ts";

export interface RedisServer extends Server {
  /** redis://127.0.0.1:port */
  readonly url: string;
}

/**
 * Starts a Redis. It writes each change to its file before it answers, so nothing that was acknowledged is lost by
 * `kill()`. `settings` are lines of redis.conf, by name.
 */
export async function startRedis(settings: Record<string, string> = {}): Promise<RedisServer> {
  const all = { save: "", appendonly: "yes", appendfsync: "no", ...settings };
  const server = await startServer({
    wanted: "redis",
    args: (port, { folder }) => ["--port", String(port), "--dir", folder, "--bind", "127.0.0.1"],
    options: Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]),
    async ready(port, pid) {
      const info = await command(port, "INFO");
      if (pid !== undefined && !String(info).includes(`process_id:${pid}\r\n`)) {
        throw new Error(`Another server is on port ${port}.`);
      }
      if (/^loading:1/m.test(String(info))) throw new Error("Redis is loading its data.");
    },
  });
  return Object.assign(server, { url: `redis://127.0.0.1:${server.port}` });
}

/** Sends one command over a connection of its own. */
export async function command(port: number, ...args: string[]): Promise<unknown> {
  const client = createClient({
    RESP: 2,
    socket: { host: "127.0.0.1", port, reconnectStrategy: false, connectTimeout: 5000 },
    disableOfflineQueue: true,
  });
  client.on("error", () => {});
  await client.connect();
  try {
    return await client.sendCommand(args);
  } finally {
    client.destroy();
  }
}
