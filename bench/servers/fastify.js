/** fastify, with @fastify/session if asked (`--session`), in memory or on Redis. The least work its options allow. */
import cookie from "@fastify/cookie";
import session from "@fastify/session";
import fastify from "fastify";
import { COUNT_BODY, listening, MAX_AGE, NONE_BODY, READ_BODY } from "../lib/child.js";
import { expressStore } from "../lib/store.js";

const TEXT = "text/plain; charset=utf-8";
const app = fastify({ logger: false });
if (process.argv.includes("--session")) {
  await app.register(cookie);
  await app.register(session, {
    cookieName: "session_id",
    store: await expressStore(),
    secret: "a secret of the bench, of more than thirty-two characters",
    saveUninitialized: false,
    rolling: false,
    cookie: { path: "/", httpOnly: true, sameSite: "lax", secure: false, maxAge: MAX_AGE * 1000 },
  });
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
