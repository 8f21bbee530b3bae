import { RedisSessionBackend } from "micropie/backends/redis";
import { createClient } from "redis";
import type { Store } from "./sessions.ts";

/** Sessions in Redis or Valkey, for any number of machines. */
export async function openStore(): Promise<Store> {
  const client = createClient({
    url: process.env.REDIS_URL || "redis://localhost:6379",
    pingInterval: 1000,
    socket: {
      reconnectStrategy: (retries) => Math.min(retries * 50, 500),
      connectTimeout: 2000,
      socketTimeout: 2000,
    },
  });
  // Without this, a lost connection ends the process.
  client.on("error", (error) => console.error("Redis:", error));
  await client.connect();
  return { backend: new RedisSessionBackend(client), close: () => client.close() };
}
