import Koa, { type Context } from "koa";
import { info, login, update } from "micropie";
import { koaSessions } from "micropie/adapters/koa";
import { sessions } from "./sessions.ts";

const app = new Koa();
app.use(koaSessions(sessions, { skip: process.env.HEALTH ? ["/health"] : undefined }));
// No chain of calls is needed.
app.use(async (ctx, next) => {
  ctx.session.visits = (ctx.session.visits ?? 0) + 1;
  // @ts-expect-error misspelt
  ctx.session.visit;
  ctx.session.maxAge = 1000;
  await update(ctx.session, "visits", (visits = 0) => visits + 1);
  await next();
});
app.use((ctx) => {
  login(ctx.session, "ann");
  ctx.session = { visits: 1 };
  ctx.session = null;
  ctx.body = userOf(ctx);
});

function userOf(ctx: Context): string | undefined {
  const cart: string[] | undefined = ctx.session.cart;
  // @ts-expect-error not its type, so it is not any
  const visits: string = ctx.session.visits;
  return info(ctx.session).userId ?? cart?.[0] ?? visits;
}
