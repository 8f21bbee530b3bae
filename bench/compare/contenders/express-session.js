/** express-session on Express 5. Its file says the same for what replaces it (compat), and for its stores (connect-redis ...). */
import express from "express";
import session from "express-session";
import { answerOnExpress } from "../answers/express.js";
import { secretOf } from "../secrets.js";
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
export function serveOn(session, store, application, { second = false } = {}) {
  const app = express();
  app.set("env", "test");
  app.use(
    session({
      store,
      ...(second ? { name: "other" } : {}),
      secret: secretOf(second),
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: "lax", maxAge: 8 * 60 * 60 * 1000 },
    }),
  );
  app.use(async (req, res) => answerOnExpress(res, await application.answer(req.url, facade(req))));
  return listen(app.listen(0, "127.0.0.1"));
}

const at = (file, text) => ["express-session", file, text];

const setUp =
  "`resave` and `saveUninitialized` are off and the sign-in calls `regenerate`, as in the README; the store is its interface over text in memory.";

export const about = {
  what: "Middleware for Express and Connect: the data is `req.session`, on a store of the server.",
  setUp,
  promises: [
    {
      says: "Session data is stored on the server, and the cookie has the id alone.",
      at: at("README.md", "Session data is _not_ saved in the cookie itself"),
    },
    {
      says: "At a login, `regenerate` guards against session fixation.",
      at: at("README.md", "regenerate the session, which is good practice to help"),
    },
    {
      says: "`save()` in the handler makes the session saved before a redirect.",
      at: at("README.md", "#### Session.save(callback)"),
    },
  ],
  ahead: [
    "It lists 61 stores of others; micropie has eight of its own and can use those.",
    "It is the most used of all since 2014, so most middleware for Express (Passport, connect-flash) is written for it.",
  ],
};

export const why = [
  {
    rows: ["parallel writes", "logout and save"],
    says: "`save` stores the whole object under its id, whether the record is still there or not.",
    at: at("session/session.js", "this.req.sessionStore.set(this.id, this"),
  },
  {
    rows: ["ended elsewhere"],
    says: "There is no list of a user's sessions. A store may offer `all`, which an application can search by itself.",
    at: at("README.md", "### store.all(callback)"),
  },
  {
    rows: ["stale read", "unchanged"],
    says: "Each request reads the store, and one that changes nothing is a `touch`; there is no option to touch less often.",
    at: at("index.js", "store.touch(req.sessionID, req.session, function ontouch(err) {"),
  },
  {
    rows: ["open connection"],
    says: "`destroy` removes the record. Nothing tells a response that its session has ended.",
    at: at("README.md", "#### Session.destroy(callback)"),
  },
  {
    rows: ["session limit"],
    says: "No option limits the sessions of a user.",
    at: at("README.md", "### session(options)"),
  },
  {
    rows: ["made-up id", "two applications"],
    says: "The id is signed with the secret, and one whose record is gone is replaced.",
    at: at("index.js", "function unsigncookie(val, secrets) {"),
  },
  {
    rows: ["old id"],
    says: "`regenerate` destroys the record of the old id before it makes a new one.",
    at: at("session/store.js", "this.destroy(req.sessionID"),
  },
  {
    rows: ["guard"],
    says: "The README's guard looks for the user in the session; without one, the next route is asked.",
    at: at("README.md", "function isAuthenticated"),
  },
  {
    rows: ["first byte"],
    says: "`res.end` sends the head and all but the last byte before it saves; what a stream writes goes out at once.",
    at: at("index.js", "function writetop() {"),
  },
  {
    rows: ["read fails", "damaged record"],
    says: "An error of the store, also of parsing what it holds, goes to `next` at every request with that cookie.",
    at: at("index.js", "if (err && err.code !== 'ENOENT') {"),
  },
  {
    rows: ["write fails"],
    says: "The error goes to `next` when the head has left.",
    at: at("index.js", "if (shouldSave(req)) {"),
  },
  {
    rows: ["serverless", "stream"],
    says: "It saves when the response ends, and the response ends when it is saved.",
    at: at("index.js", "res.end = function end(chunk, encoding) {"),
  },
  {
    rows: ["anonymous"],
    says: "With `saveUninitialized: false`, a session in which nothing is stored is neither saved nor sent.",
    at: at("README.md", "##### saveUninitialized"),
  },
  {
    rows: ["two cookies"],
    says: "Of several cookies of one name, the parser keeps the first.",
    at: at("index.js", "var cookies = cookie.parse(header);"),
  },
  {
    rows: ["a Date"],
    says: "Stores keep JSON, as its own MemoryStore does.",
    at: at("session/memory.js", "JSON.stringify(session)"),
  },
  {
    rows: ["caches"],
    says: "It sets the cookie, and no header for caches.",
    at: at("index.js", "function setcookie(res, name, val, secret, options) {"),
  },
];

export default {
  name: "express-session",
  kind: "store",
  on: "express",
  packages: ["express-session", "express"],
  byHand: { "first byte": "save()", "write fails": "save()" },
  without: { "ended elsewhere": "no list by user", "session limit": "no such option" },
  about,
  why,
  start: (store, application, settings) => serveOn(session, new Store(store), application, settings),
};
