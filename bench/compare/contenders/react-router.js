/** React Router's createSessionStorage on PostgreSQL, in a function from Request to Response. */
import { randomUUID } from "node:crypto";
import { Pool } from "pg";
import { createSessionStorage } from "react-router";
import { webAnswer } from "../answers/web.js";
import { gatedPool, serverUrl } from "../real.js";
import { secretOf } from "../secrets.js";
import { listenOnWeb } from "../serve.js";

/** The four functions, with one statement each, as the documentation has them. */
function storageOf(pool, second) {
  const table = second ? "other_sessions" : "sessions";
  return createSessionStorage({
    cookie: {
      name: second ? "other" : "__session",
      httpOnly: true,
      path: "/",
      sameSite: "lax",
      secrets: [secretOf(second)],
    },
    async createData(data) {
      const id = randomUUID();
      await pool.query(`INSERT INTO ${table} VALUES ($1, $2)`, [id, data]);
      return id;
    },
    async readData(id) {
      const { rows } = await pool.query(`SELECT data FROM ${table} WHERE id = $1`, [id]);
      return rows[0]?.data ?? null;
    },
    updateData: (id, data) => pool.query(`UPDATE ${table} SET data = $2 WHERE id = $1`, [id, data]),
    deleteData: (id) => pool.query(`DELETE FROM ${table} WHERE id = $1`, [id]),
  });
}

/** A loader or an action: reads the session, and commits it into the headers of its answer. */
function facade(session, storage, setCookies) {
  const commit = async () => void setCookies.push(await storage.commitSession(session));
  return {
    get: () => session.data,
    async set(key, value) {
      session.set(key, value);
      await commit();
    },
    async login(user) {
      session.set("user", user);
      await commit();
    },
    async logout() {
      setCookies.push(await storage.destroySession(session));
    },
  };
}

export default {
  name: "React Router",
  kind: "store",
  on: "fetch",
  packages: ["react-router", "pg"],
  about: {
    what: "Part of React Router: `getSession`, `commitSession` and `destroySession` over four functions of yours.",
    setUp:
      "A signed cookie and a table of PostgreSQL: one INSERT, SELECT, UPDATE and DELETE. Every change is committed in the handler. There is no call for a new id at the sign-in.",
    promises: [
      {
        says: "Sessions can be in any database, by four functions.",
        at: "https://reactrouter.com/explanation/sessions-and-cookies",
      },
      {
        says: "Flash data is gone after it is read.",
        at: "https://reactrouter.com/explanation/sessions-and-cookies",
      },
    ],
    ahead: ["It needs no store with `createCookieSessionStorage`.", "It runs on any server with fetch."],
  },
  why: [
    {
      rows: ["parallel writes"],
      says: "`commitSession` gives all of the data to `updateData`.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "if (id) await updateData(id, data, expires);",
      ],
    },
    {
      rows: ["logout and save", "made-up id"],
      says: "The UPDATE finds no row, so nothing comes back. A store whose `updateData` inserts would adopt the id.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "if (id) await updateData(id, data, expires);",
      ],
    },
    {
      rows: ["ended elsewhere"],
      says: "There is no list of a user's sessions; the table is yours.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "function createSessionStorage(",
      ],
    },
    {
      rows: ["session limit"],
      says: "No option limits the sessions of a user.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "function createSessionStorage(",
      ],
    },
    {
      rows: ["stale read", "unchanged", "anonymous", "guard"],
      says: "`getSession` reads the row if there is a cookie, and nothing is written without `commitSession`.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "return createSession((id ? await readData(id) : null) || {}, id);",
      ],
    },
    {
      rows: ["open connection"],
      says: "`destroySession` deletes the row. Nothing tells a response that its session has ended.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "if (session.id) await deleteData(session.id);",
      ],
    },
    {
      rows: ["old id"],
      says: "There is no call for a new id: a session with an id keeps it.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "if (id) await updateData(id, data, expires);",
      ],
    },
    {
      rows: ["two applications"],
      says: "The cookie is signed, and each application has a table.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "let parsedId = cookieHeader && await cookie.parse(cookieHeader, options);",
      ],
    },
    {
      rows: ["first byte", "write fails", "serverless", "stream"],
      says: "The handler itself waits for `commitSession`, before or within its answer.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "async commitSession(session, options) {",
      ],
    },
    {
      rows: ["read fails"],
      says: "What `readData` throws is the request's error.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "return createSession((id ? await readData(id) : null) || {}, id);",
      ],
    },
    {
      rows: ["damaged record", "a Date"],
      says: "The data is a json column: PostgreSQL refuses a damaged text, and a Date is a string in it.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "return createSession((id ? await readData(id) : null) || {}, id);",
      ],
    },
    {
      rows: ["two cookies"],
      says: "The parser of cookies keeps the first of a name.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "let parsedId = cookieHeader && await cookie.parse(cookieHeader, options);",
      ],
    },
    {
      rows: ["caches"],
      says: "It makes the cookie; headers for caches are the application's.",
      at: [
        "react-router",
        "dist/production/lib/server-runtime/sessions.js",
        "return cookie.serialize(id, options);",
      ],
    },
  ],
  without: {
    "ended elsewhere": "no list by user",
    "session limit": "no such option",
    "damaged record": "a json column",
  },

  async start(store, application, { second = false }) {
    const pool = new Pool({ connectionString: await serverUrl("postgres") });
    for (const table of ["sessions", "other_sessions"])
      await pool.query(`CREATE TABLE IF NOT EXISTS ${table} (id text PRIMARY KEY, data json NOT NULL)`);
    const gated = gatedPool(store, pool, second ? "other_sessions" : "sessions");
    const storage = storageOf(gated, second);
    const server = await listenOnWeb(async (request) => {
      try {
        const setCookies = [];
        const session = await storage.getSession(request.headers.get("Cookie"));
        const answer = await application.answer(request.url, facade(session, storage, setCookies));
        const response = webAnswer(answer);
        for (const line of setCookies) response.headers.append("Set-Cookie", line);
        return response;
      } catch {
        return new Response("error", { status: 500 });
      }
    });
    return {
      ...server,
      async close() {
        server.close();
        await pool.end();
      },
    };
  },
};
