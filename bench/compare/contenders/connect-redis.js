/** connect-redis: express-session on a Redis that runs. */
import { RedisStore } from "connect-redis";
import session from "express-session";
import { createClient } from "redis";
import { gatedRedis, serverUrl } from "../real.js";
import express, { serveOn } from "./express-session.js";

const at = (text) => ["connect-redis", "dist/connect-redis.js", text];

export default {
  ...express,
  name: "connect-redis",
  about: {
    what: "A store for express-session on Redis.",
    setUp:
      "express-session is set up as on its own page; the client is that of `redis`, and the prefix differs between applications.",
    promises: [
      {
        says: "Sessions expire with the cookie, and the expiry is moved at each request.",
        at: ["connect-redis", "readme.md", "##### disableTouch"],
      },
      {
        says: "A prefix keeps applications on one Redis apart.",
        at: ["connect-redis", "readme.md", "##### prefix"],
      },
    ],
    ahead: ["A session is JSON under one key, which any other program can read."],
  },
  why: [
    {
      rows: ["parallel writes", "logout and save"],
      says: "`set` writes the whole text of the session, whether the key is still there or not.",
      at: at("async set(sid, sess, cb) {"),
    },
    {
      rows: ["damaged record", "a Date"],
      says: "A session is kept as JSON. What does not parse is an error, at every request with that cookie.",
      at: at("await this.serializer.parse(data)"),
    },
    {
      rows: ["ended elsewhere"],
      says: "There is no list by user: `all` reads every session of the application.",
      at: at("async all(cb) {"),
    },
    {
      rows: ["stale read"],
      says: "Each request reads the key.",
      at: at("async get(sid, cb) {"),
    },
    {
      rows: ["unchanged"],
      says: "Each request that changes nothing moves the expiry, unless `disableTouch` turns that off for all.",
      at: at("async touch(sid, sess, cb) {"),
    },
    {
      rows: ["two applications"],
      says: "Keys have the prefix, and ids are signed with the secret.",
      at: at('this.prefix = opts.prefix == null ? "sess:" : opts.prefix;'),
    },
    ...express.why,
  ],
  packages: ["connect-redis", "express-session", "redis", "express"],

  async start(store, application, settings) {
    const client = createClient({ url: await serverUrl("redis") });
    client.on("error", () => {});
    await client.connect();
    const prefix = settings.second ? "other:" : "sess:";
    const redisStore = new RedisStore({ client: gatedRedis(store, client), prefix });
    const server = await serveOn(session, redisStore, application, settings);
    return {
      ...server,
      close() {
        server.close();
        client.destroy();
      },
    };
  },
};
