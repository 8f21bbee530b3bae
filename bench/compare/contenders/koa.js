/** micropie's adapter on Koa 3. */
import Koa from "koa";
import { koaSessions } from "micropie/adapters/koa";
import { answerOnKoa } from "../answers/koa.js";
import { facade, ours } from "../own.js";
import { listen } from "../serve.js";

export default {
  name: "micropie koa",
  on: "koa",
  packages: ["koa"],
  own: true,

  start(store, application) {
    const app = new Koa();
    app.silent = true;
    app.use(koaSessions(ours(store)));
    app.use(async (ctx) => answerOnKoa(ctx, await application.answer(ctx.url, facade(ctx))));
    return listen(app.listen(0, "127.0.0.1"));
  },
};
