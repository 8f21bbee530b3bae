/** @hono/session on Hono 4 under @hono/node-server. */
import { useSession, useSessionStorage } from "@hono/session";
import { Hono } from "hono";
import { answerOnHono } from "../answers/hono.js";
import { secretOf } from "../secrets.js";
import { listenOnWeb } from "../serve.js";

function facade({ session }) {
  return {
    get: () => session.get(),
    set: (key, value) => session.update((data) => ({ ...data, [key]: value })),
    // There is no way to change the id.
    login: (user) => session.update((data) => ({ ...data, user })),
    async logout() {
      // Without it, `delete` does not know the id, and leaves the stored data.
      await session.get();
      session.delete();
    },
  };
}

export default {
  name: "@hono/session",
  kind: "store",
  on: "hono",
  packages: ["@hono/session", "hono"],
  about: {
    what: "Middleware for Hono: the data is `c.var.session`, in an encrypted cookie, or on a storage with the id in it.",
    setUp:
      "With a storage and an absolute duration, as the README recommends. There is no call for a new id at the sign-in, and no way to wait for the save.",
    promises: [
      {
        says: "A session ends at an absolute time, and earlier if it is not used.",
        at: ["@hono/session", "README.md", "| `absolute`"],
      },
      {
        says: "The id is in an encrypted token.",
        at: ["@hono/session", "dist/index.js", "jweEncrypt(payload, encryptionKey, options?.duration)"],
      },
      {
        says: "Hooks tell of sessions that are created, updated, refreshed and deleted.",
        at: ["@hono/session", "dist/index.js", "onCreate: options?.onCreate,"],
      },
    ],
    ahead: [
      "It needs no store: without a storage, the data is in the cookie.",
      "It runs wherever Hono runs, and its session is read only when it is asked for.",
    ],
  },
  why: [
    {
      rows: ["parallel writes", "logout and save"],
      says: "`storage.set` gets all of the data, whether the session is still there or not.",
      at: ["@hono/session", "dist/index.js", "storage?.set(session.payload.sid, session.data)"],
    },
    {
      rows: ["ended elsewhere"],
      says: "There is no list of a user's sessions.",
      at: ["@hono/session", "README.md", "### With Session storage"],
    },
    {
      rows: ["session limit"],
      says: "No option limits the sessions of a user.",
      at: ["@hono/session", "README.md", "| `absolute`"],
    },
    {
      rows: ["stale read", "guard", "read fails", "damaged record"],
      says: "`get` reads the storage, and what that throws is the request's error; also of parsing what it holds, at every request with that cookie.",
      at: ["@hono/session", "dist/index.js", "return storage.get(payload.sid);"],
    },
    {
      rows: ["open connection"],
      says: "`delete` removes the data and the cookie. Nothing tells a response that its session has ended.",
      at: ["@hono/session", "README.md", "#### delete()"],
    },
    {
      rows: ["made-up id", "two applications"],
      says: "The id is in a token that is encrypted with the secret.",
      at: ["@hono/session", "dist/index.js", "return jweDecrypt(jwt, encryptionKey, options$1);"],
    },
    {
      rows: ["old id"],
      says: "There is no call for a new id: an update keeps it.",
      at: [
        "@hono/session",
        "dist/index.js",
        "session = updateSession(updateFn(session.data), session.payload);",
      ],
    },
    {
      rows: ["first byte", "write fails", "serverless"],
      says: "`persist` does not wait for `storage.set`, and nobody handles its rejection.",
      at: ["@hono/session", "dist/index.js", "storage?.set(session.payload.sid, session.data)"],
    },
    {
      rows: ["anonymous"],
      says: "`get` makes an id, and the cookie goes with it.",
      at: ["@hono/session", "dist/index.js", "payload = createCookie();"],
    },
    {
      rows: ["unchanged"],
      says: "What was only read is not written.",
      at: ["@hono/session", "dist/index.js", 'action: "initialised",'],
    },
    {
      rows: ["stream"],
      says: "It persists when `next()` is done; an `update` after that stays in memory.",
      at: ["@hono/session", "dist/index.js", "await session.persist();"],
    },
    {
      rows: ["two cookies"],
      says: "Hono's `getCookie` finds the first of a name.",
      at: ["@hono/session", "dist/index.js", "return getCookie(c, DEFAULT_SESSION_NAME);"],
    },
    {
      rows: ["a Date"],
      says: "The storage gets the object, and the README's storages (Cloudflare KV, unstorage) keep JSON.",
      at: ["@hono/session", "README.md", "[Cloudflare KV as session storage]"],
    },
    {
      rows: ["caches"],
      says: "It sets the cookie, and no header for caches.",
      at: ["@hono/session", "dist/index.js", "setCookie(c, DEFAULT_SESSION_NAME, value, {"],
    },
  ],
  without: { "ended elsewhere": "no list by user", "session limit": "no such option" },

  start(store, application, { second = false }) {
    const app = new Hono();
    app.onError((_error, c) => c.text("error", 500));
    app.use(
      useSessionStorage({
        get: async (id) => (await store.read(id)) ?? null,
        set: (id, data) => store.write(id, data),
        delete: (id) => store.delete(id),
      }),
      useSession({
        secret: secretOf(second),
        duration: { absolute: 8 * 60 * 60 },
      }),
    );
    app.get("*", async (c) => answerOnHono(c, await application.answer(c.req.url, facade(c.var))));
    return listenOnWeb(app.fetch, { hono: true });
  },
};
