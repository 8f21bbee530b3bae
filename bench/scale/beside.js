/**
 * What a session weighs in Redis and PostgreSQL beside the package that most applications have there, and what a change leaves in
 * PostgreSQL's log and table. Both packages get the same data, by the methods that express-session calls.
 */
import session from "express-session";

/** As express-session hands a session to its store. */
const stored = (data) => ({
  cookie: {
    originalMaxAge: 28_800_000,
    expires: new Date(Date.now() + 28_800_000),
    httpOnly: true,
    path: "/",
  },
  ...data,
});

/** Stores by `set(id, data)`, which resolves when it is done. */
function setter(store) {
  return (id, data) =>
    new Promise((resolve, reject) =>
      store.set(id, stored(data), (error) => (error ? reject(error) : resolve())),
    );
}

export const BESIDE = {
  redis: {
    label: "connect-redis",
    async open({ url }) {
      const { createClient } = await import("redis");
      const { RedisStore } = await import("connect-redis");
      const client = await createClient({ url }).connect();
      return { set: setter(new RedisStore({ client, ttl: 28_800 })), close: () => client.destroy() };
    },
  },
  postgres: {
    label: "connect-pg-simple",
    table: "session",
    async open({ url }) {
      const { default: pg } = await import("pg");
      const { default: connect } = await import("connect-pg-simple");
      const pool = new pg.Pool({ connectionString: url, max: 10 });
      pool.on("error", () => {});
      const Store = connect(session);
      const store = new Store({ pool, createTableIfMissing: true, pruneSessionInterval: false });
      return {
        set: setter(store),
        async close() {
          store.close();
          await pool.end();
        },
      };
    },
  },
};

/** Where PostgreSQL's log is, and what was done to a table so far. */
export async function tableAt(query, url, table) {
  const [row] = await query(
    url,
    `SELECT pg_stat_force_next_flush(), pg_current_wal_lsn() - '0/0'::pg_lsn AS log, n_tup_upd AS updates,
       n_tup_hot_upd AS hot, n_dead_tup AS dead FROM pg_stat_user_tables WHERE relname = '${table}'`,
  );
  return {
    log: Number(row.log),
    updates: Number(row.updates),
    hot: Number(row.hot),
    dead: Number(row.dead),
  };
}

/** What each of `changes` changes has left. */
export function left(before, after, changes) {
  const updates = after.updates - before.updates;
  return {
    log: (after.log - before.log) / changes,
    hot: updates === 0 ? 0 : (after.hot - before.hot) / updates,
    dead: after.dead,
  };
}
