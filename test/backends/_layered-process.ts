import pg from "pg";
import { createClient } from "redis";
import { LayeredSessionBackend } from "../../src/backends/layered.ts";
import { PostgresSessionBackend } from "../../src/backends/postgres.ts";
import { RedisSessionBackend } from "../../src/backends/redis.ts";
import { createSessions } from "../../src/core/sessions.ts";

/**
 * A server process of the test of stopped processes. It is told a cookie, then reads its session all the time, as fast as
 * it can; and says, when it is asked, when it last began a read that was served.
 */
const [, , kind, url = "", name = "", lease] = process.argv;

async function open(): Promise<LayeredSessionBackend> {
  if (kind === "redis") {
    const client = createClient({ url });
    client.on("error", () => {});
    await client.connect();
    const inner = new RedisSessionBackend(client, { prefix: name });
    return new LayeredSessionBackend(inner, { redis: client, prefix: name, lease: Number(lease) });
  }
  const client = new pg.Pool({ connectionString: url, max: 2 });
  client.on("error", () => {});
  const inner = new PostgresSessionBackend(client, { table: name, notify: true });
  return new LayeredSessionBackend(inner, { postgres: client, table: name, lease: Number(lease) });
}

const backend = await open();
const sessions = createSessions({ backend });
let cookie = "";
let servedAt = 0;
let hits = 0;

async function read(): Promise<void> {
  const askedAt = Number(process.hrtime.bigint() / 1000n);
  const before = backend.hits;
  const session = await sessions.load(cookie);
  if (Object.keys(session).length === 0) return;
  servedAt = askedAt;
  hits += backend.hits - before;
}

process.on("message", (next: string | null) => {
  if (next !== null) {
    cookie = next;
    servedAt = 0;
    hits = 0;
  }
  process.send?.({ servedAt, hits });
});
await backend.ready();
process.send?.({ servedAt, hits });
for (;;) {
  await read();
  await new Promise((resolve) => setImmediate(resolve));
}
