/** connect-pg-simple: express-session on a PostgreSQL that runs. */
import connectPgSimple from "connect-pg-simple";
import session from "express-session";
import { Pool } from "pg";
import { gatedPool, serverUrl } from "../real.js";
import express, { serveOn } from "./express-session.js";

const at = (text) => ["connect-pg-simple", "index.js", text];

const PgStore = connectPgSimple(session);

export default {
  ...express,
  name: "connect-pg-simple",
  about: {
    what: "A store for express-session on PostgreSQL.",
    setUp:
      "express-session is set up as on its own page; the pool is that of `pg`, and the schema differs between applications.",
    promises: [
      {
        says: "Expired sessions are pruned by itself.",
        at: ["connect-pg-simple", "README.md", "pruneSessionInterval"],
      },
      {
        says: "It makes its table if that is asked for.",
        at: ["connect-pg-simple", "README.md", "createTableIfMissing"],
      },
    ],
    ahead: ["The data is a `json` column, so an application can query it with SQL."],
  },
  without: { ...express.without, "damaged record": "a json column" },
  why: [
    {
      rows: ["parallel writes", "logout and save"],
      says: "`set` is an upsert of the whole session: it writes over what others wrote, and inserts what was deleted.",
      at: at("ON CONFLICT (sid) DO UPDATE SET sess=$1"),
    },
    {
      rows: ["damaged record"],
      says: "The column has the type json, so PostgreSQL refuses a damaged text. One that does not parse all the same is deleted.",
      at: at("return this.destroy(sid, fn);"),
    },
    {
      rows: ["ended elsewhere"],
      says: "There is no list by user. An application can search the json column by itself.",
      at: at("destroy (sid, fn) {"),
    },
    {
      rows: ["stale read"],
      says: "Each request reads the row.",
      at: at("'SELECT sess FROM '"),
    },
    {
      rows: ["unchanged"],
      says: "Each request that changes nothing moves the expiry, unless `disableTouch` turns that off for all.",
      at: at("' SET expire = to_timestamp($1) WHERE sid = $2 RETURNING sid'"),
    },
    {
      rows: ["two applications"],
      says: "Each has a schema of its own, and ids are signed with the secret.",
      at: at("quotedTable () {"),
    },
    ...express.why,
  ],
  packages: ["connect-pg-simple", "express-session", "pg", "express"],

  async start(store, application, settings) {
    const pool = new Pool({ connectionString: await serverUrl("postgres") });
    const schemaName = settings.second ? "other" : "public";
    await pool.query(`CREATE SCHEMA IF NOT EXISTS ${schemaName}`);
    const pgStore = new PgStore({
      pool: gatedPool(store, pool, "session"),
      schemaName,
      createTableIfMissing: true,
      pruneSessionInterval: false,
    });
    await pgStore._ensureSessionStoreTable(false);
    const server = await serveOn(session, pgStore, application, settings);
    return {
      ...server,
      async close() {
        server.close();
        await pgStore.close();
        await pool.end();
      },
    };
  },
};
