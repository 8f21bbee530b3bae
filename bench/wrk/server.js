/**
 * One server as users write it: `--on express --with bare|micropie|rival`, on memory or `--redis=URL`. `--library=FOLDER` is
 * another checkout with a build, whose sessions are measured. It answers JSON the way
 * the framework's guide does, so express counts an ETag. `--behind` puts helmet and compression before the sessions.
 */
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { listening, MAX_AGE } from "../lib/child.js";
import { library } from "../lib/library.js";
import { ownSessions } from "../lib/own.js";
import { expressStore } from "../lib/store.js";

const { values: options } = parseArgs({
  strict: false,
  options: { on: { type: "string" }, with: { type: "string" }, behind: { type: "boolean" } },
});
const isOwn = options.with === "micropie";
const isRival = options.with === "rival";
const SECRET = "a secret of the bench, of more than thirty-two characters";
const COOKIE = { path: "/", httpOnly: true, sameSite: "lax", secure: false };

/** Counts in a session, or in nothing. */
function counted(session) {
  if (session === undefined) return { visits: 1 };
  session.visits = (session.visits ?? 0) + 1;
  return { visits: session.visits };
}
const seen = (session) => ({ visits: session?.visits ?? 0 });

const SERVERS = {
  async node() {
    const handler = (req, res) => {
      const body = JSON.stringify(req.url === "/read" ? seen(req.session) : counted(req.session));
      res.setHeader("Content-Type", "application/json");
      res.end(body);
    };
    if (!isOwn) return createServer(handler);
    const { nodeSessions } = await library("adapters/node");
    return createServer(nodeSessions(await ownSessions(), handler));
  },
  async express() {
    const { default: express } = await import("express");
    const app = express();
    if (options.behind) {
      const { default: helmet } = await import("helmet");
      const { default: compression } = await import("compression");
      app.use(helmet(), compression());
    }
    if (isOwn) {
      const { expressSessions } = await library("adapters/express");
      app.use(expressSessions(await ownSessions()));
    }
    if (isRival) {
      const { default: session } = await import("express-session");
      const cookie = { ...COOKIE, maxAge: MAX_AGE * 1000 };
      const store = await expressStore(session);
      app.use(
        session({
          name: "session_id",
          store,
          secret: SECRET,
          resave: false,
          saveUninitialized: false,
          cookie,
        }),
      );
    }
    app.get("/", (req, res) => void res.json(counted(req.session)));
    app.get("/read", (req, res) => void res.json(seen(req.session)));
    return createServer(app);
  },
  async fastify() {
    const { default: fastify } = await import("fastify");
    const app = fastify({ logger: false });
    if (isOwn) {
      const { fastifySessions } = await library("adapters/fastify");
      await app.register(fastifySessions(await ownSessions()));
    }
    if (isRival) {
      await app.register((await import("@fastify/cookie")).default);
      await app.register((await import("@fastify/session")).default, {
        cookieName: "session_id",
        store: await expressStore(),
        secret: SECRET,
        saveUninitialized: false,
        rolling: false,
        cookie: { ...COOKIE, maxAge: MAX_AGE * 1000 },
      });
    }
    app.get("/", (request, reply) => reply.send(counted(request.session)));
    app.get("/read", (request, reply) => reply.send(seen(request.session)));
    await app.ready();
    return app.server;
  },
  async koa() {
    const { default: Koa } = await import("koa");
    const app = new Koa();
    if (isOwn) {
      const { koaSessions } = await library("adapters/koa");
      app.use(koaSessions(await ownSessions()));
    }
    if (isRival) {
      const { default: session } = await import("koa-session");
      const { Texts } = await import("../lib/texts.js");
      const texts = new Texts();
      const store = {
        get: async (id) => texts.get(id),
        set: async (id, data) => texts.set(id, data),
        destroy: async (id) => texts.delete(id),
      };
      app.keys = [SECRET];
      app.use(session({ key: "session_id", store, maxAge: MAX_AGE * 1000 }, app));
    }
    app.use((ctx) => {
      ctx.body = ctx.path === "/read" ? seen(ctx.session) : counted(ctx.session);
    });
    return createServer(app.callback());
  },
  async hono() {
    const { createAdaptorServer } = await import("@hono/node-server");
    const { Hono } = await import("hono");
    const app = new Hono();
    if (isOwn) {
      const { honoSessions } = await library("adapters/hono");
      app.use("*", honoSessions(await ownSessions()));
    }
    if (isRival) {
      const { MemoryStore, sessionMiddleware } = await import("hono-sessions");
      const cookieOptions = { ...COOKIE, sameSite: "Lax", maxAge: MAX_AGE };
      const store = new MemoryStore();
      app.use(
        "*",
        sessionMiddleware({
          store,
          sessionCookieName: "session_id",
          expireAfterSeconds: MAX_AGE,
          cookieOptions,
        }),
      );
      app.get("/", (c) => {
        const visits = (c.get("session").get("visits") ?? 0) + 1;
        c.get("session").set("visits", visits);
        return c.json({ visits });
      });
      app.get("/read", (c) => c.json({ visits: c.get("session").get("visits") ?? 0 }));
    }
    app.get("/", (c) => c.json(counted(c.get("session"))));
    app.get("/read", (c) => c.json(seen(c.get("session"))));
    return createAdaptorServer({ fetch: app.fetch });
  },
};

const server = await SERVERS[options.on]();
server.listen(0, "127.0.0.1", () => listening(server.address().port));
