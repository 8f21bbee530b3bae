/** micropie's adapter on Koa 3. */
import Koa from "koa";
import { koaSessions } from "micropie/adapters/koa";
import { answerOnKoa } from "../answers/koa.js";
import { facade, ours } from "../own.js";
import { listen } from "../serve.js";

export default {
  name: "micropie koa",
  kind: "micropie",
  on: "koa",
  packages: ["koa"],
  own: true,

  start(store, application, settings) {
    const sessions = ours(store, settings);
    const app = new Koa();
    app.silent = true;
    app.use(koaSessions(sessions));
    app.use(async (ctx) => answerOnKoa(ctx, await application.answer(ctx.url, facade(ctx, sessions))));
    return listen(app.listen(0, "127.0.0.1"));
  },
};
