/** @remix-run/session with its middleware and router, and its storage on a Redis that runs. */
import { createCookie } from "@remix-run/cookie";
import { createRouter } from "@remix-run/fetch-router";
import { Session } from "@remix-run/session";
import { session as sessionMiddleware } from "@remix-run/session-middleware";
import { createRedisSessionStorage } from "@remix-run/session-storage-redis";
import { createClient } from "redis";
import { webAnswer } from "../answers/web.js";
import { gatedRedis, serverUrl } from "../real.js";
import { secretOf } from "../secrets.js";
import { listenOnWeb } from "../serve.js";

const KEYS = ["user", "a", "b", "late", "trap", "seen", "early", "date"];

function facade(session, storage) {
  return {
    get() {
      const data = KEYS.filter((key) => session.has(key)).map((key) => [key, session.get(key)]);
      return Object.fromEntries(data);
    },
    set: (key, value) => session.set(key, value),
    login(user) {
      // `true` deletes what was stored under the old id (README, "Regenerating Session IDs").
      session.regenerateId(true);
      session.set("user", user);
    },
    logout: () => session.destroy(),
    save: () => storage.save(session),
  };
}

export default {
  name: "@remix-run/session",
  kind: "store",
  on: "fetch",
  packages: [
    "@remix-run/session",
    "@remix-run/session-middleware",
    "@remix-run/session-storage-redis",
    "@remix-run/fetch-router",
    "@remix-run/cookie",
    "redis",
  ],
  about: {
    what: "The sessions of Remix 3: a `Session` object, and storages in memory, cookie, files, Redis and memcached.",
    setUp:
      "With its middleware and router, and its storage on Redis; the sign-in calls `regenerateId(true)`, which deletes the old record.",
    promises: [
      {
        says: "A new id at a sign-in protects against session fixation.",
        at: ["@remix-run/session", "README.md", "### Regenerating Session IDs"],
      },
      {
        says: "Session cookies must be signed.",
        at: ["@remix-run/session-middleware", "dist/lib/session.js", "Session cookie must be signed"],
      },
      {
        says: "Flash messages last for the next request.",
        at: ["@remix-run/session", "README.md", "### Flash Messages"],
      },
    ],
    ahead: ["It needs no store with its cookie storage.", "It runs on any server with fetch."],
  },
  why: [
    {
      rows: ["parallel writes", "logout and save"],
      says: "`save` writes the whole text of the session, whether the key is still there or not.",
      at: [
        "@remix-run/session-storage-redis",
        "dist/lib/redis-storage.js",
        "await client.setEx(key, ttl, value);",
      ],
    },
    {
      rows: ["ended elsewhere"],
      says: "There is no list of a user's sessions.",
      at: ["@remix-run/session-storage-redis", "dist/lib/redis-storage.js", "return {"],
    },
    {
      rows: ["session limit"],
      says: "No option limits the sessions of a user.",
      at: ["@remix-run/session-storage-redis", "dist/lib/redis-storage.js", "let useUnknownIds"],
    },
    {
      rows: ["stale read", "unchanged"],
      says: "Each request with a cookie reads the key, and only a changed session is saved.",
      at: ["@remix-run/session-storage-redis", "dist/lib/redis-storage.js", "if (session.dirty) {"],
    },
    {
      rows: ["open connection"],
      says: "`destroy` marks the session, and `save` deletes it. Nothing tells another response.",
      at: ["@remix-run/session-storage-redis", "dist/lib/redis-storage.js", "if (session.destroyed) {"],
    },
    {
      rows: ["made-up id"],
      says: "The cookie is signed, and an id that is not stored gets a new one by default.",
      at: [
        "@remix-run/session-storage-redis",
        "dist/lib/redis-storage.js",
        "return createSession(useUnknownIds && id != null",
      ],
    },
    {
      rows: ["old id"],
      says: "With `true`, `regenerateId` deletes the record of the old id; the default keeps it.",
      at: ["@remix-run/session", "dist/lib/session.js", "regenerateId(deleteOldSession = false) {"],
    },
    {
      rows: ["guard", "read fails"],
      says: "What the storage throws is the request's error, before any handler.",
      at: [
        "@remix-run/session-middleware",
        "dist/lib/session.js",
        "let session = await sessionStorage.read(cookieValue);",
      ],
    },
    {
      rows: ["two applications"],
      says: "The cookie is signed, and keys have a prefix.",
      at: ["@remix-run/session-storage-redis", "dist/lib/redis-storage.js", "return keyPrefix + id;"],
    },
    {
      rows: ["first byte", "write fails", "serverless", "stream"],
      says: "It saves when the handler has made the response, before the body, and waits. Later, `save` of the storage is the handler's.",
      at: [
        "@remix-run/session-middleware",
        "dist/lib/session.js",
        "let setCookieValue = await sessionStorage.save(session);",
      ],
    },
    {
      rows: ["damaged record"],
      says: "What does not parse is an error, at every request with that cookie.",
      at: ["@remix-run/session-storage-redis", "dist/lib/redis-storage.js", "let data = JSON.parse(value);"],
    },
    {
      rows: ["anonymous"],
      says: "A session in which nothing is stored is neither saved nor sent.",
      at: ["@remix-run/session-storage-redis", "dist/lib/redis-storage.js", "if (session.dirty) {"],
    },
    {
      rows: ["two cookies"],
      says: "The parser of cookies keeps one of a name.",
      at: [
        "@remix-run/session-middleware",
        "dist/lib/session.js",
        "await sessionCookie.parse(context.headers.get('Cookie'))",
      ],
    },
    {
      rows: ["a Date"],
      says: "The data is kept as JSON.",
      at: [
        "@remix-run/session-storage-redis",
        "dist/lib/redis-storage.js",
        "let value = JSON.stringify(session.data);",
      ],
    },
    {
      rows: ["caches"],
      says: "It sets the cookie, and no header for caches.",
      at: ["@remix-run/session-middleware", "dist/lib/session.js", "response.headers.append('Set-Cookie'"],
    },
  ],
  byHand: { stream: "storage.save()" },
  without: { "ended elsewhere": "no list by user", "session limit": "no such option" },

  async start(store, application, { second = false }) {
    const client = createClient({ url: await serverUrl("redis") });
    client.on("error", () => {});
    await client.connect();
    const cookie = createCookie(second ? "other" : "__session", {
      secrets: [secretOf(second)],
      sameSite: "lax",
      path: "/",
    });
    const storage = createRedisSessionStorage(gatedRedis(store, client), {
      keyPrefix: second ? "other:" : "session:",
      ttl: 8 * 60 * 60,
    });
    const router = createRouter({ middleware: [sessionMiddleware(cookie, storage)] });
    router.get("*path", async (context) => {
      const { url } = context.request;
      return webAnswer(await application.answer(url, facade(context.get(Session), storage)));
    });
    const server = await listenOnWeb(async (request) => {
      try {
        return await router.fetch(request);
      } catch {
        return new Response("error", { status: 500 });
      }
    });
    return {
      ...server,
      close() {
        server.close();
        client.destroy();
      },
    };
  },
};
