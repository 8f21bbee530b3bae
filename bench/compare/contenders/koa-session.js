/** koa-session on Koa 3. */
import Koa from "koa";
import session from "koa-session";
import { answerOnKoa } from "../answers/koa.js";
import { secretOf } from "../secrets.js";
import { listen } from "../serve.js";

function facade(ctx) {
  return {
    get: () => ctx.session.toJSON(),
    set(key, value) {
      ctx.session[key] = value;
    },
    async login(user) {
      await ctx.session.regenerate();
      ctx.session.user = user;
    },
    logout() {
      ctx.session = null;
    },
    save: () => ctx.session.save(),
  };
}

export default {
  name: "koa-session",
  kind: "store",
  on: "koa",
  packages: ["koa-session", "koa"],
  about: {
    what: "Middleware for Koa: the data is `ctx.session`, in the cookie by default, or on an external store.",
    setUp: "An external store and signed cookies, the rest by default; the sign-in calls `regenerate`.",
    promises: [
      {
        says: "Sessions are in the cookie by default, and external stores are supported.",
        at: ["koa-session", "Readme.md", "Defaults to cookie-based sessions and supports external stores"],
      },
      {
        says: "`renew` extends a session that is nearly expired.",
        at: ["koa-session", "Readme.md", "renew session when session is nearly expired"],
      },
      {
        says: "Events tell of sessions that are missed, invalid or expired.",
        at: ["koa-session", "Readme.md", "`session:missed`"],
      },
    ],
    ahead: [
      "It needs no store if the data may be in the cookie.",
      "The id can come from elsewhere than a cookie (`externalKey`).",
    ],
  },
  why: [
    {
      rows: ["parallel writes", "logout and save"],
      says: "`save` stores all of the data under its key, whether it is still there or not.",
      at: ["koa-session", "dist/esm/context.js", "await this.store.set(externalKey, sessionData, maxAge, {"],
    },
    {
      rows: ["ended elsewhere"],
      says: "There is no list of a user's sessions.",
      at: ["koa-session", "Readme.md", "### External Session Stores"],
    },
    {
      rows: ["session limit"],
      says: "No option limits the sessions of a user.",
      at: ["koa-session", "Readme.md", "rolling: false"],
    },
    {
      rows: ["stale read"],
      says: "Each request with a cookie reads the store.",
      at: ["koa-session", "dist/esm/context.js", "const sessionData = await this.store.get(externalKey"],
    },
    {
      rows: ["unchanged"],
      says: "It writes only if the hash of the data has changed.",
      at: ["koa-session", "dist/esm/context.js", "const changed = prevHash !== util.hash(sessionData);"],
    },
    {
      rows: ["open connection"],
      says: "`remove` deletes the record and the cookie. Nothing tells a response that its session has ended.",
      at: ["koa-session", "dist/esm/context.js", "await this.store.destroy(externalKey, { ctx });"],
    },
    {
      rows: ["made-up id"],
      says: "The cookie is signed, and a key whose data is gone is replaced.",
      at: ["koa-session", "dist/esm/context.js", "debug('invalid session data, create a new session');"],
    },
    {
      rows: ["two applications"],
      says: "The cookie is signed with the keys of its application.",
      at: ["koa-session", "dist/esm/context.js", "externalKey = ctx.cookies.get(opts.key, opts);"],
    },
    {
      rows: ["old id"],
      says: "`regenerate` removes the record of the old key.",
      at: ["koa-session", "dist/esm/context.js", "if (regenerate) {"],
    },
    {
      rows: ["guard"],
      says: "The handler looks for the user in the session; a store that fails is an error before any handler.",
      at: ["koa-session", "dist/esm/context.js", "const sessionData = await this.store.get(externalKey"],
    },
    {
      rows: ["first byte", "write fails", "serverless"],
      says: "It saves when the middlewares are done and waits; Koa sends the response after that.",
      at: ["koa-session", "dist/esm/index.js", "await sess.commit()"],
    },
    {
      rows: ["read fails", "damaged record"],
      says: "What the store throws, also of parsing what it holds, fails every request with that cookie.",
      at: ["koa-session", "dist/esm/context.js", "const sessionData = await this.store.get(externalKey"],
    },
    {
      rows: ["anonymous"],
      says: "A new session in which nothing is stored is not saved.",
      at: ["koa-session", "dist/esm/context.js", "if (!prevHash && !Object.keys(sessionData).length) {"],
    },
    {
      rows: ["stream"],
      says: "It saves before the body. Later, `save()` is the handler's: it stores, and then fails at the cookie.",
      at: ["koa-session", "dist/esm/index.js", "await sess.commit()"],
    },
    {
      rows: ["two cookies"],
      says: "The package cookies finds the first of a name.",
      at: ["koa-session", "dist/esm/context.js", "externalKey = ctx.cookies.get(opts.key, opts);"],
    },
    {
      rows: ["a Date"],
      says: "The store gets the object, and stores that processes share keep JSON.",
      at: ["koa-session", "Readme.md", "`set(key, sess, maxAge"],
    },
    {
      rows: ["caches"],
      says: "It sets the cookie, and no header for caches.",
      at: ["koa-session", "dist/esm/context.js", "this.ctx.cookies.set(key, externalKey, opts);"],
    },
  ],
  without: { "ended elsewhere": "no list by user", "session limit": "no such option" },
  byHand: { stream: "save()" },

  start(store, application, { second = false }) {
    const app = new Koa();
    app.silent = true;
    app.keys = [secretOf(second)];
    app.use(
      session(
        {
          store: {
            get: (key) => store.read(key),
            set: (key, data) => store.write(key, data),
            destroy: (key) => store.delete(key),
          },
          ...(second ? { key: "other" } : {}),
          sameSite: "lax",
          secure: false,
        },
        app,
      ),
    );
    app.use(async (ctx) => answerOnKoa(ctx, await application.answer(ctx.url, facade(ctx))));
    return listen(app.listen(0, "127.0.0.1"));
  },
};
