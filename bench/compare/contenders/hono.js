/** micropie's adapter on Hono 4 under @hono/node-server. */
import { Hono } from "hono";
import { honoSessions } from "micropie/adapters/hono";
import { answerOnHono } from "../answers/hono.js";
import { facade, ours } from "../own.js";
import { listenOnWeb } from "../serve.js";

export default {
  name: "micropie hono",
  on: "hono",
  packages: ["hono"],
  own: true,

  start(store, application) {
    const app = new Hono();
    app.use(honoSessions(ours(store), { onError: () => {} }));
    app.get("*", async (c) => answerOnHono(c, await application.answer(c.req.url, facade(c.var))));
    return listenOnWeb(app.fetch, { hono: true });
  },
};
