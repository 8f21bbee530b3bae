/**
 * Two servers in two processes on one store: count on one, read on the other. The variable with the store's URL selects it.
 *
 *     REDIS_URL=redis://localhost PORT=8000 npx node examples/shared-store.ts
 *     POSTGRES_URL=postgres://localhost/app PORT=8001 npx node examples/shared-store.ts
 */
import { createServer } from "node:http";
import { createSessions, logout, type SessionBackend, update } from "micropie";
import { nodeSessions } from "micropie/adapters/node";

const { PORT = "8000", REDIS_URL, POSTGRES_URL } = process.env;

async function open(): Promise<SessionBackend> {
  if (REDIS_URL) {
    const { createClient } = await import("redis");
    const { RedisSessionBackend } = await import("micropie/backends/redis");
    const client = createClient({ url: REDIS_URL });
    client.on("error", (error: Error) => console.error(error.message));
    return new RedisSessionBackend(await client.connect());
  }
  if (POSTGRES_URL) {
    const { Pool } = await import("pg");
    const { PostgresSessionBackend } = await import("micropie/backends/postgres");
    const pool = new Pool({
      connectionString: POSTGRES_URL,
      connectionTimeoutMillis: 3000,
      query_timeout: 5000,
    });
    pool.on("error", (error) => console.error(error.message));
    return new PostgresSessionBackend(pool);
  }
  throw new Error("Say where the sessions are: REDIS_URL or POSTGRES_URL.");
}

const sessions = createSessions<{ visits: number }>({ backend: await open() });

const handler = nodeSessions(sessions, async (req, res) => {
  const { session } = req;
  if (req.url === "/logout") {
    logout(session);
    res.end(`Server ${PORT}: you are out, on every server.\n`);
    return;
  }
  const visits = await update(session, "visits", (n = 0) => n + 1);
  res.end(`Server ${PORT}: you have visited ${visits} times, whichever server you asked.\n`);
});

createServer(handler).listen(Number(PORT), "localhost", () => console.log(`http://localhost:${PORT}/`));
