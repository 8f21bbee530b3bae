/**
 * koa-session on Koa 3 with an external store and signed cookies, the rest by default.
 *
 * - Parallel writes, logout: `ContextSession.save` stores all of the data under its key, whether it is still there or not.
 * - Stream: it saves when the middlewares are done (index.ts, the `finally`), and Koa sends the body after that. Later,
 *   `ctx.session.save()` is the handler's: it stores, and only then fails at the cookie.
 * - Two cookies: the package `cookies` finds the first of a name. A Date: the store gets the object, shared ones keep JSON.
 */
import Koa from "koa";
import session from "koa-session";
import { answerOnKoa } from "../answers/koa.js";
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
  on: "koa",
  packages: ["koa-session", "koa"],
  byHand: { stream: "save()" },

  start(store, application) {
    const app = new Koa();
    app.silent = true;
    app.keys = ["a secret of the comparison, of more than thirty-two characters"];
    app.use(
      session(
        {
          store: {
            get: (key) => store.read(key),
            set: (key, data) => store.write(key, data),
            destroy: (key) => store.delete(key),
          },
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
