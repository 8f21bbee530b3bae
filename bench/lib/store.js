/** The shared store a server process is told to use: `--redis=URL` or `--postgres=URL`. */

import { library } from "./library.js";

const given = (name) => process.argv.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);

export const redisUrl = given("redis");
export const postgresUrl = given("postgres");

/** A connected client of the package `redis`; with `--tuned` without its timer for each command. */
export async function redisClient() {
  const { createClient } = await import("redis");
  const tuned = process.argv.includes("--tuned") ? { commandOptions: { timeout: 0 } } : {};
  return createClient({ url: redisUrl, ...tuned }).connect();
}

/** A pool of the package `pg`, with its usual ten connections. */
export async function postgresPool() {
  const { default: pg } = await import("pg");
  return new pg.Pool({ connectionString: postgresUrl });
}

/** The back-end of micropie for it; undefined for memory. */
export async function backend() {
  if (redisUrl !== undefined) {
    const { RedisSessionBackend } = await library("backends/redis");
    return new RedisSessionBackend(await redisClient());
  }
  if (postgresUrl !== undefined) {
    const { PostgresSessionBackend } = await library("backends/postgres");
    return new PostgresSessionBackend(await postgresPool());
  }
  return undefined;
}

/** The store that users of express-session take for it; undefined for memory. `session` is their module. */
export async function expressStore(session) {
  if (redisUrl !== undefined) {
    const { RedisStore } = await import("connect-redis");
    return new RedisStore({ client: await redisClient() });
  }
  if (postgresUrl !== undefined) {
    const { default: connect } = await import("connect-pg-simple");
    const Store = connect(session);
    return new Store({ pool: await postgresPool(), createTableIfMissing: true });
  }
  return undefined;
}
