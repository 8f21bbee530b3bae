/** hono-sessions on Hono 4 under @hono/node-server. */
import { Hono } from "hono";
import { sessionMiddleware } from "hono-sessions";
import { answerOnHono } from "../answers/hono.js";
import { secretOf } from "../secrets.js";
import { listenOnWeb } from "../serve.js";

function facade(c) {
  const session = c.get("session");
  return {
    get() {
      const data = session.getCache()._data;
      return Object.fromEntries(Object.keys(data).map((key) => [key, session.get(key)]));
    },
    set: (key, value) => session.set(key, value),
    login(user) {
      c.set("session_key_rotation", true);
      session.set("user", user);
    },
    logout: () => session.deleteSession(),
  };
}

export default {
  name: "hono-sessions",
  kind: "store",
  on: "hono",
  packages: ["hono-sessions", "hono"],
  about: {
    what: 'Middleware for Hono: the data is `c.get("session")`, on a store of the server or in the cookie.',
    setUp:
      "As in the README, with the recommended `encryptionKey`; `autoExtendExpiration` is off, or it would write at every request. As its driver for SQLite does, the store inserts what is created and updates what is persisted.",
    promises: [
      {
        says: "Runs on Node, Bun, Deno and Cloudflare Workers, and is tested there.",
        at: ["hono-sessions", "README.md", "### Supported runtimes"],
      },
      { says: "Cookies are encrypted.", at: ["hono-sessions", "README.md", "Encrypted cookies thanks to"] },
      { says: "Session keys can be rotated.", at: ["hono-sessions", "README.md", "Session key rotation"] },
    ],
    ahead: ["It needs no store with its cookie storage."],
  },
  why: [
    {
      rows: ["parallel writes"],
      says: "`persistSessionData` gets all of the data.",
      at: [
        "hono-sessions",
        "esm/src/Middleware.js",
        ": await store.persistSessionData(sid, session.getCache());",
      ],
    },
    {
      rows: ["logout and save"],
      says: "Its SQL driver updates what is there, and nothing else. With its memory store, the session would come back.",
      at: ["hono-sessions", "esm/src/store/bun/BunSqliteStore.js", "SET data = $data WHERE id = $id"],
    },
    {
      rows: ["ended elsewhere"],
      says: "There is no list of a user's sessions.",
      at: ["hono-sessions", "esm/src/store/Store.d.ts", "getSessionById"],
    },
    {
      rows: ["session limit"],
      says: "No option limits the sessions of a user.",
      at: ["hono-sessions", "esm/src/SessionOptions.d.ts", "export"],
    },
    {
      rows: ["stale read"],
      says: "Each request with a cookie reads the store.",
      at: ["hono-sessions", "esm/src/Middleware.js", "session_data = await store.getSessionById(sid);"],
    },
    {
      rows: ["open connection"],
      says: "`deleteSession` marks the session, and it is deleted at the end of the request. Nothing tells another response.",
      at: ["hono-sessions", "esm/src/Session.js", "this.cache._delete = true;"],
    },
    {
      rows: ["made-up id", "two applications"],
      says: "The id is encrypted with the key, and one whose data is gone is replaced.",
      at: [
        "hono-sessions",
        "esm/src/Middleware.js",
        "sid = (encryptionKey ? await decrypt(encryptionKey, sessionCookie) : sessionCookie);",
      ],
    },
    {
      rows: ["old id"],
      says: "With `session_key_rotation`, the record of the old id is deleted.",
      at: ["hono-sessions", "esm/src/Middleware.js", "if (shouldRecreateSessionForNonCookieStore) {"],
    },
    {
      rows: ["guard"],
      says: "The handler looks for the user in the session; in an outage there is none.",
      at: ["hono-sessions", "esm/src/Middleware.js", "createNewSession = true;"],
    },
    {
      rows: ["first byte", "write fails", "serverless", "stream"],
      says: "It saves when `next()` is done, before the body, and waits. There is nothing to save with later.",
      at: ["hono-sessions", "esm/src/Middleware.js", "const shouldPersistSession = !shouldDelete &&"],
    },
    {
      rows: ["read fails"],
      says: "The `catch` around `getSessionById` makes a new session, whose cookie replaces the old one.",
      at: ["hono-sessions", "esm/src/Middleware.js", "catch {"],
    },
    {
      rows: ["damaged record"],
      says: "The `catch` around `getSessionById` makes a new session.",
      at: ["hono-sessions", "esm/src/Middleware.js", "catch {"],
    },
    {
      rows: ["anonymous"],
      says: "Without a cookie, a session is created at once.",
      at: ["hono-sessions", "esm/src/Middleware.js", "await store.createSession(sid, defaultData);"],
    },
    {
      rows: ["unchanged", "caches"],
      says: "It sets the cookie at every request, and no header for caches.",
      at: [
        "hono-sessions",
        "esm/src/Middleware.js",
        "setCookie(c, sessionCookieName, encryptionKey ? await encrypt(encryptionKey, sid) : sid, cookieOptions);",
      ],
    },
    {
      rows: ["two cookies"],
      says: "Hono's `getCookie` finds the first of a name.",
      at: ["hono-sessions", "esm/src/Middleware.js", "const sessionCookie = getCookie(c, sessionCookieName"],
    },
    {
      rows: ["a Date"],
      says: "The SQL driver keeps JSON.",
      at: ["hono-sessions", "esm/src/store/bun/BunSqliteStore.js", "JSON.stringify(sessionData)"],
    },
  ],
  without: { "ended elsewhere": "no list by user", "session limit": "no such option" },

  start(store, application, { second = false }) {
    const app = new Hono();
    app.onError((_error, c) => c.text("error", 500));
    app.use(
      "*",
      sessionMiddleware({
        store: {
          getSessionById: (id) => store.read(id),
          createSession: (id, data) => store.write(id, data),
          persistSessionData: (id, data) => store.update(id, data),
          deleteSession: (id) => store.delete(id),
        },
        encryptionKey: secretOf(second),
        ...(second ? { sessionCookieName: "other" } : {}),
        expireAfterSeconds: 8 * 60 * 60,
        autoExtendExpiration: false,
        cookieOptions: { path: "/", httpOnly: true, sameSite: "Lax" },
      }),
    );
    app.get("*", async (c) => answerOnHono(c, await application.answer(c.req.url, facade(c))));
    return listenOnWeb(app.fetch, { hono: true });
  },
};
