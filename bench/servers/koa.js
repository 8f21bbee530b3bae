/**
 * koa, with koa-session if asked (`--session`) and its sessions in a Map of JSON texts: koa-session ships no store,
 * and sessions that share live objects would not be sessions. The least work its options allow. Or with micropie
 * (`--micropie`).
 */
import Koa from "koa";
import koaSession from "koa-session";
import { COUNT_BODY, listening, MAX_AGE, NONE_BODY, READ_BODY } from "../lib/child.js";
import { ownSessions } from "../lib/own.js";
import { Texts } from "../lib/texts.js";

const own = process.argv.includes("--micropie");
const rival = process.argv.includes("--session");
const withSession = own || rival;
const texts = new Texts();
const store = {
  get: async (id) => texts.get(id),
  set: async (id, data) => texts.set(id, data),
  destroy: async (id) => texts.delete(id),
};

const app = new Koa();
if (own) {
  const { koaSessions } = await import("micropie/adapters/koa");
  app.use(koaSessions(await ownSessions()));
}
if (rival) {
  app.keys = ["a secret of the bench, of more than thirty-two characters"];
  app.use(
    koaSession(
      {
        key: "session_id",
        store,
        maxAge: MAX_AGE * 1000,
        httpOnly: true,
        sameSite: "lax",
        secure: false,
        rolling: false,
        renew: false,
      },
      app,
    ),
  );
}
app.use((ctx) => {
  if (ctx.path === "/none") ctx.body = NONE_BODY;
  else if (ctx.path === "/read") ctx.body = READ_BODY(withSession ? (ctx.session.visits ?? 0) : 1);
  else if (ctx.path !== "/") ctx.status = 404;
  else if (withSession) {
    ctx.session.visits = (ctx.session.visits ?? 0) + 1;
    ctx.body = COUNT_BODY(ctx.session.visits);
  } else ctx.body = COUNT_BODY(1);
});
const server = app.listen(0, "127.0.0.1", () => listening(server.address().port));
