import Koa from "koa";
import { createSessions, login } from "micropie";
import { koaSessions } from "micropie/adapters/koa";

const app = new Koa();
app.use(koaSessions(createSessions()));
app.use((ctx) => {
  ctx.session.visits = (ctx.session.visits ?? 0) + 1;
  login(ctx.session, "ann");
  ctx.session = null;
});
