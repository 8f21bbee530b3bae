/**
 * fastify, with @fastify/session if asked (`--session`), in memory or on Redis, the least work its options allow; or with
 * micropie (`--micropie`).
 */
import cookie from "@fastify/cookie";
import session from "@fastify/session";
import fastify from "fastify";
import { COUNT_BODY, listening, MAX_AGE, NONE_BODY, READ_BODY } from "../lib/child.js";
import { ownSessions } from "../lib/own.js";
import { expressStore } from "../lib/store.js";
import { Texts } from "../lib/texts.js";

const TEXT = "text/plain; charset=utf-8";
function textStore() {
  const texts = new Texts();
  return {
    get: (id, done) => done(null, texts.get(id)),
    set(id, data, done) {
      texts.set(id, data);
      done();
    },
    destroy(id, done) {
      texts.delete(id);
      done();
    },
  };
}

const app = fastify({ logger: false });
const own = process.argv.includes("--micropie");
const rival = process.argv.includes("--session");
if (own) {
  const { fastifySessions } = await import("micropie/adapters/fastify");
  await app.register(fastifySessions(await ownSessions()));
}
if (rival) {
  await app.register(cookie);
  await app.register(session, {
    cookieName: "session_id",
    store: process.argv.includes("--texts") ? textStore() : await expressStore(),
    secret: "a secret of the bench, of more than thirty-two characters",
    saveUninitialized: false,
    rolling: false,
    cookie: { path: "/", httpOnly: true, sameSite: "lax", secure: false, maxAge: MAX_AGE * 1000 },
  });
}
if (own || rival) {
  app.get("/", (request, reply) => {
    request.session.visits = (request.session.visits ?? 0) + 1;
    reply.type(TEXT).send(COUNT_BODY(request.session.visits));
  });
  app.get("/read", (request, reply) => {
    reply.type(TEXT).send(READ_BODY(request.session.visits ?? 0));
  });
} else {
  app.get("/", (_request, reply) => {
    reply.type(TEXT).send(COUNT_BODY(1));
  });
  app.get("/read", (_request, reply) => {
    reply.type(TEXT).send(READ_BODY(1));
  });
}
app.get("/none", (_request, reply) => {
  reply.type(TEXT).send(NONE_BODY);
});
await app.listen({ port: 0, host: "127.0.0.1" });
listening(app.server.address().port);
