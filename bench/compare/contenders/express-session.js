/**
 * express-session on Express 5, as its README sets it up: `resave` and `saveUninitialized` off, sign-in by `regenerate`.
 *
 * - Parallel writes, logout: `Session.save` stores the whole object under its id, whether it is still there or not.
 * - First byte: `res.end` is wrapped and writes the head and all but the last byte before it saves (index.js, writetop);
 *   what a stream writes goes out at once. The README's answer is `session.save()` in the handler (Session.save).
 * - Store write fails: the error goes to `next` when the head has left (index.js, onsave). The same answer.
 * - Unchanged: `store.touch` at each request, without an option to do it less often.
 * - Two cookies: `cookie.parse` keeps the first of a name. A Date: its stores keep JSON, as its own MemoryStore does.
 */
import express from "express";
import session from "express-session";
import { answerOnExpress } from "../answers/express.js";
import { listen } from "../serve.js";

class Store extends session.Store {
  constructor(store) {
    super();
    this.get = (id, done) => reply(store.read(id), done);
    this.set = (id, data, done) => reply(store.write(id, data), done);
    this.touch = (id, _data, done) => reply(store.touch(id), done);
    this.destroy = (id, done) => reply(store.delete(id), done);
  }
}

function reply(promise, done = () => {}) {
  promise.then(
    (value) => done(null, value),
    (error) => done(error),
  );
}

function facade(req) {
  const wait = (method, ...args) =>
    new Promise((resolve, reject) => {
      req.session[method](...args, (error) => (error ? reject(error) : resolve()));
    });
  return {
    get: () => req.session,
    set(key, value) {
      req.session[key] = value;
    },
    async login(user) {
      await wait("regenerate");
      req.session.user = user;
    },
    logout: () => wait("destroy"),
    save: () => wait("save"),
  };
}

/** Serves the application on this module, or on a drop-in for it. */
export function serveOn(session, store, application) {
  const app = express();
  app.set("env", "test");
  app.use(
    session({
      store,
      secret: "a secret of the comparison, of more than thirty-two characters",
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: "lax", maxAge: 8 * 60 * 60 * 1000 },
    }),
  );
  app.use(async (req, res) => answerOnExpress(res, await application.answer(req.url, facade(req))));
  return listen(app.listen(0, "127.0.0.1"));
}

export default {
  name: "express-session",
  on: "express",
  packages: ["express-session", "express"],
  byHand: { "first byte": "save()", "write fails": "save()" },
  start: (store, application) => serveOn(session, new Store(store), application),
};
