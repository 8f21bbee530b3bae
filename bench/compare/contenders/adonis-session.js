/** @adonisjs/session on AdonisJS 7, with its Redis store on a Redis that runs. */
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { Ignitor } from "@adonisjs/core";
import { defineConfig as defineEncryption, drivers } from "@adonisjs/core/encryption";
import { defineConfig as defineHash, drivers as hashes } from "@adonisjs/core/hash";
import { defineConfig as defineHttp } from "@adonisjs/core/http";
import { defineConfig as defineRedis } from "@adonisjs/redis";
import { defineConfig as defineSession, SessionCollection, stores } from "@adonisjs/session";
import { gateRedis, serverUrl } from "../real.js";
import { secretOf } from "../secrets.js";
import { listen } from "../serve.js";

/** What config/ and adonisrc.ts of an application have. */
function settingsOf(redisUrl, second) {
  const { hostname: host, port } = new URL(redisUrl);
  return {
    rc: {
      providers: [
        () => import("@adonisjs/core/providers/app_provider"),
        () => import("@adonisjs/core/providers/hash_provider"),
        () => import("@adonisjs/redis/redis_provider"),
        () => import("@adonisjs/session/session_provider"),
      ],
    },
    config: {
      app: { appUrl: "http://localhost", http: defineHttp({ cookie: { secure: false, sameSite: "lax" } }) },
      encryption: defineEncryption({
        default: "gcm",
        list: { gcm: drivers.aes256gcm({ id: "gcm", keys: [secretOf(second)] }) },
      }),
      hash: defineHash({ default: "scrypt", list: { scrypt: hashes.scrypt({}) } }),
      logger: { default: "app", loggers: { app: { enabled: false } } },
      redis: defineRedis({
        connection: "main",
        connections: { main: { host, port, keyPrefix: second ? "other:" : "first:" } },
      }),
      session: defineSession({
        age: "8h",
        cookieName: second ? "other" : "adonis_session",
        cookie: { path: "/", httpOnly: true, secure: false, sameSite: "lax" },
        store: "redis",
        stores: { redis: stores.redis({ connection: "main" }) },
      }),
    },
  };
}

function facade({ session, containerResolver }) {
  return {
    get: () => session.all(),
    set: (key, value) => session.put(key, value),
    async login(user) {
      session.regenerate();
      session.put("user", user);
      await session.tag(user);
    },
    logout: () => session.clear(),
    save: () => session.commit(),
    async endOthers(user) {
      const sessions = await containerResolver.make(SessionCollection);
      for (const { id } of await sessions.tagged(user))
        if (id !== session.sessionId) await sessions.destroy(id);
    },
  };
}

export default {
  name: "AdonisJS sessions",
  kind: "store",
  on: "adonisjs",
  packages: ["@adonisjs/session", "@adonisjs/core", "@adonisjs/redis"],
  about: {
    what: "The sessions of AdonisJS: `ctx.session`, in cookies, files, Redis, DynamoDB or a SQL database.",
    setUp:
      "The Redis store; the sign-in calls `regenerate` and tags the session with the user, which is how its documentation ends other devices.",
    promises: [
      {
        says: "A user can be logged out on all other devices, by tags.",
        at: "https://docs.adonisjs.com/guides/basics/session-tagging",
      },
      {
        says: "Flash messages, with old input and errors of validation, are part of it.",
        at: "https://docs.adonisjs.com/guides/basics/session",
      },
      {
        says: "A record cannot be moved to another id.",
        at: [
          "@adonisjs/session",
          "build/redis-CiCcOEEX.js",
          "return new MessageBuilder().verify(contents, sessionId);",
        ],
      },
    ],
    ahead: [
      "It is part of a whole framework, with sign-in, templates and forms that know the session.",
      "It has stores on DynamoDB and on any SQL database of Lucid.",
      "Old input of forms and errors of validation are kept for the next request by one call.",
    ],
  },
  why: [
    {
      rows: ["parallel writes", "logout and save"],
      says: "`write` stores all values under the id, whether the key is still there or not.",
      at: [
        "@adonisjs/session",
        "build/redis-CiCcOEEX.js",
        "await this.#connection.setex(sessionId, this.#ttlSeconds, message);",
      ],
    },
    {
      rows: ["ended elsewhere"],
      says: "`tagged` lists a user's sessions, and `destroy` ends one.",
      at: ["@adonisjs/session", "build/session_collection-B7wElYNF.js", "async destroy(sessionId) {"],
    },
    {
      rows: ["session limit"],
      says: "No option limits the sessions of a user; an application can count those with a tag.",
      at: ["@adonisjs/session", "build/redis-CiCcOEEX.js", "async tagged(userId) {"],
    },
    {
      rows: ["stale read"],
      says: "Each request reads the store.",
      at: [
        "@adonisjs/session",
        "build/session-CB0uNFzC.js",
        "this.#valuesStore = new ValuesStore(await this.#store.read(this.#sessionId));",
      ],
    },
    {
      rows: ["open connection"],
      says: "`destroy` deletes the record. Nothing tells a response that its session has ended.",
      at: ["@adonisjs/session", "build/redis-CiCcOEEX.js", "async destroy(sessionId) {"],
    },
    {
      rows: ["made-up id"],
      says: "The id is signed, so a made-up one is refused. One whose record is gone is used again.",
      at: [
        "@adonisjs/session",
        "build/session-CB0uNFzC.js",
        "this.#sessionId = this.#sessionIdFromCookie || randomUUID();",
      ],
    },
    {
      rows: ["old id"],
      says: "After `regenerate`, the record of the old id is destroyed.",
      at: [
        "@adonisjs/session",
        "build/session-CB0uNFzC.js",
        "await this.#store.destroy(this.#sessionIdFromCookie);",
      ],
    },
    {
      rows: ["guard", "read fails"],
      says: "What the store throws is the request's error, before any handler.",
      at: ["@adonisjs/session", "build/src/session_middleware.js", "await ctx.session.initiate(false);"],
    },
    {
      rows: ["two applications"],
      says: "The cookie is signed with the application's key, and its connection has a prefix.",
      at: [
        "@adonisjs/session",
        "build/session-CB0uNFzC.js",
        "this.#sessionIdFromCookie = ctx.request.cookie(config.cookieName, void 0);",
      ],
    },
    {
      rows: ["first byte", "write fails", "serverless", "stream"],
      says: "It commits when the handler is done, before the response is sent, and waits. Later, `commit()` is the handler's.",
      at: ["@adonisjs/session", "build/src/session_middleware.js", "await ctx.session.commit();"],
    },
    {
      rows: ["damaged record"],
      says: "What cannot be verified is no session.",
      at: ["@adonisjs/session", "build/redis-CiCcOEEX.js", "method can fail when the contents is not JSON"],
    },
    {
      rows: ["anonymous", "unchanged", "caches"],
      says: "Each request reads the store and sets the cookie, and one that changes nothing moves the expiry. There is no header for caches.",
      at: [
        "@adonisjs/session",
        "build/session-CB0uNFzC.js",
        "this.#ctx.response.cookie(this.config.cookieName, this.#sessionId, this.config.cookie);",
      ],
    },
    {
      rows: ["two cookies"],
      says: "The parser of cookies keeps one of a name.",
      at: [
        "@adonisjs/session",
        "build/session-CB0uNFzC.js",
        "this.#sessionIdFromCookie = ctx.request.cookie(config.cookieName, void 0);",
      ],
    },
    {
      rows: ["a Date"],
      says: "The values are kept as JSON.",
      at: [
        "@adonisjs/session",
        "build/redis-CiCcOEEX.js",
        "const message = new MessageBuilder().build(values, void 0, sessionId);",
      ],
    },
  ],
  byHand: { stream: "commit()" },
  without: { "session limit": "no such option" },

  async start(store, application, { second = false }) {
    const { rc, config } = settingsOf(await serverUrl("redis"), second);
    const app = new Ignitor(new URL("../sites/adonis/", import.meta.url), {
      importer: (path) => import(path),
    })
      .tap((it) => it.rcContents(rc).useConfig(config))
      .createApp("web");
    await app.init();
    await app.boot();
    const connection = (await app.container.make("redis")).connection("main");
    gateRedis(store, connection);
    const router = await app.container.make("router");
    const http = await app.container.make("server");
    http.use([]);
    router.use([() => import("@adonisjs/session/session_middleware")]);
    router.get("*", async (context) => {
      const { status, headers, body } = await application.answer(context.request.url(true), facade(context));
      const { response } = context;
      if (status === 302) return response.redirect(headers.location);
      response.status(status);
      for (const [name, value] of Object.entries(headers)) response.header(name, value);
      return typeof body === "string" ? response.send(body) : response.stream(Readable.from(body));
    });
    await http.boot();
    const server = await listen(createServer(http.handle.bind(http)));
    return {
      ...server,
      async close() {
        server.close();
        await app.terminate();
      },
    };
  },
};
