/**
 * @fastify/session on Fastify 5. Off are `saveUninitialized` (a session for every robot) and `rolling` (a write for every
 * request), both on by default.
 *
 * - Parallel writes, logout: `Session.save` stores the whole object under its id, whether it is still there or not.
 * - Stream: it saves in `onSend`, before the body (index.js, saveSession). Later, `session.save()` is the handler's.
 * - Two cookies: `request.cookies` has the first of a name. A Date: the store gets the object, and shared ones keep JSON.
 */
import cookie from "@fastify/cookie";
import session from "@fastify/session";
import fastify from "fastify";
import { answerOnFastify } from "../answers/fastify.js";
import { listen } from "../serve.js";

function storeOf(store) {
  const reply = (promise, done) =>
    void promise.then(
      (value) => done(null, value),
      (error) => done(error),
    );
  return {
    get: (id, done) => reply(store.read(id), done),
    set: (id, data, done) => reply(store.write(id, data), done),
    destroy: (id, done) => reply(store.delete(id), done),
  };
}

function facade(request) {
  return {
    get: () => request.session,
    set(key, value) {
      request.session[key] = value;
    },
    async login(user) {
      await request.session.regenerate();
      request.session.user = user;
    },
    logout: () => request.session.destroy(),
    save: () => request.session.save(),
  };
}

export default {
  name: "@fastify/session",
  on: "fastify",
  packages: ["@fastify/session", "fastify"],
  byHand: { stream: "save()" },

  async start(store, application) {
    const app = fastify({ logger: false });
    await app.register(cookie);
    await app.register(session, {
      store: storeOf(store),
      secret: "a secret of the comparison, of more than thirty-two characters",
      saveUninitialized: false,
      rolling: false,
      cookie: { secure: false, sameSite: "lax", maxAge: 8 * 60 * 60 * 1000 },
    });
    app.get("/*", async (request, reply) =>
      answerOnFastify(reply, await application.answer(request.url, facade(request))),
    );
    await app.listen({ port: 0, host: "127.0.0.1" });
    return listen(app.server);
  },
};
