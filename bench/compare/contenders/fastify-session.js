/** @fastify/session on Fastify 5. */
import cookie from "@fastify/cookie";
import session from "@fastify/session";
import fastify from "fastify";
import { answerOnFastify } from "../answers/fastify.js";
import { secretOf } from "../secrets.js";
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
  kind: "store",
  on: "fastify",
  packages: ["@fastify/session", "fastify"],
  about: {
    what: "A plugin of Fastify: the data is `request.session`, on a store of the server.",
    setUp:
      "`saveUninitialized` (a session for every robot) and `rolling` (a write for every request) are off; both are on by default. The sign-in calls `regenerate`.",
    promises: [
      {
        says: "Takes stores of express-session.",
        at: ["@fastify/session", "README.md", "Compatible with stores from [express-session]"],
      },
      {
        says: "`regenerate` makes a new id, and may keep the fields that are named.",
        at: ["@fastify/session", "README.md", "You can pass an array of fields that should be kept"],
      },
      {
        says: "A list of secrets allows to change the signing secret.",
        at: ["@fastify/session", "README.md", "This can be used to rotate the signing secret"],
      },
    ],
    ahead: [
      "It belongs to Fastify's own organization and is released with its versions.",
      "Stores of express-session work without a bridge.",
    ],
  },
  why: [
    {
      rows: ["parallel writes", "logout and save"],
      says: "`save` stores the whole object under its id, whether the record is still there or not.",
      at: [
        "@fastify/session",
        "lib/session.js",
        "this[sessionStoreKey].set(this[sessionIdKey], this, error => {",
      ],
    },
    {
      rows: ["ended elsewhere"],
      says: "There is no list of a user's sessions.",
      at: ["@fastify/session", "README.md", "##### store"],
    },
    {
      rows: ["session limit"],
      says: "No option limits the sessions of a user.",
      at: ["@fastify/session", "README.md", "The session plugin accepts the following options"],
    },
    {
      rows: ["stale read", "unchanged"],
      says: "Each request with a cookie reads the store. With `rolling: false`, one that changes nothing writes nothing.",
      at: ["@fastify/session", "index.js", ": rollingSessions || request.session.isModified()"],
    },
    {
      rows: ["open connection"],
      says: "`destroy` removes the record. Nothing tells a response that its session has ended.",
      at: ["@fastify/session", "lib/session.js", "destroy (callback) {"],
    },
    {
      rows: ["made-up id", "two applications"],
      says: "The id is signed with the secret, and one whose record is gone is replaced.",
      at: ["@fastify/session", "index.js", "if (!session) {"],
    },
    {
      rows: ["old id"],
      says: "`regenerate` destroys the record of the old id.",
      at: [
        "@fastify/session",
        "lib/session.js",
        "this[sessionStoreKey].destroy(oldSessionId, destroyError => {",
      ],
    },
    {
      rows: ["guard"],
      says: "The handler looks for the user in the session; a store that fails is an error before any handler.",
      at: ["@fastify/session", "index.js", "done(err)"],
    },
    {
      rows: ["first byte", "write fails", "serverless", "caches"],
      says: "It saves in `onSend`, before the head, and waits. It sets the cookie, and no header for caches.",
      at: ["@fastify/session", "index.js", "session.save((err) => {"],
    },
    {
      rows: ["read fails", "damaged record"],
      says: "An error of the store, also of parsing what it holds, fails every request with that cookie.",
      at: ["@fastify/session", "index.js", "done(err)"],
    },
    {
      rows: ["anonymous"],
      says: "With `saveUninitialized: false`, a session in which nothing is stored is neither saved nor sent.",
      at: ["@fastify/session", "index.js", "? saveUninitializedSession || request.session.isModified()"],
    },
    {
      rows: ["stream"],
      says: "It saves in `onSend`, before the body. Later, `save()` is the handler's.",
      at: ["@fastify/session", "index.js", "return function saveSession (request, reply, _payload, done) {"],
    },
    {
      rows: ["two cookies"],
      says: "It takes the cookie that @fastify/cookie has parsed, which is the first of a name.",
      at: ["@fastify/session", "index.js", "return request.cookies[cookieName]"],
    },
    {
      rows: ["a Date"],
      says: "The store gets the object, and stores that processes share keep JSON.",
      at: ["@fastify/session", "README.md", "Compatible with stores from [express-session]"],
    },
  ],
  without: { "ended elsewhere": "no list by user", "session limit": "no such option" },
  byHand: { stream: "save()" },

  async start(store, application, { second = false }) {
    const app = fastify({ logger: false });
    await app.register(cookie);
    await app.register(session, {
      store: storeOf(store),
      secret: secretOf(second),
      ...(second ? { cookieName: "other" } : {}),
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
