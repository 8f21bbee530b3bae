/**
 * hono-sessions on Hono 4 under @hono/node-server, as its README sets it up, with the recommended `encryptionKey`.
 * `autoExtendExpiration` is off, or it would write at every request.
 *
 * - Parallel writes, logout: `persistSessionData` gets all of the data, whether the session is still there or not.
 * - Read fails: the `catch` around `getSessionById` makes a new session (Middleware.js), and its cookie replaces the old one.
 * - Anonymous, unchanged: without a cookie `createSession` at once; `setCookie` at every request.
 * - Stream: it saves when `next()` is done, before the body; there is nothing to save with later.
 * - Two cookies: Hono's `getCookie` finds the first of a name. A Date: "a value that can be serialized with JSON.stringify".
 */
import { Hono } from "hono";
import { sessionMiddleware } from "hono-sessions";
import { answerOnHono } from "../answers/hono.js";
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
  on: "hono",
  packages: ["hono-sessions", "hono"],

  start(store, application) {
    const app = new Hono();
    app.onError((_error, c) => c.text("error", 500));
    app.use(
      "*",
      sessionMiddleware({
        store: {
          getSessionById: (id) => store.read(id),
          createSession: (id, data) => store.write(id, data),
          persistSessionData: (id, data) => store.write(id, data),
          deleteSession: (id) => store.delete(id),
        },
        encryptionKey: "a secret of the comparison, of more than thirty-two characters",
        expireAfterSeconds: 8 * 60 * 60,
        autoExtendExpiration: false,
        cookieOptions: { path: "/", httpOnly: true, sameSite: "Lax" },
      }),
    );
    app.get("*", async (c) => answerOnHono(c, await application.answer(c.req.url, facade(c))));
    return listenOnWeb(app.fetch, { hono: true });
  },
};
