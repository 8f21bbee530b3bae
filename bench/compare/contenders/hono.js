/** micropie's adapter on Hono 4 under @hono/node-server. */
import { Hono } from "hono";
import { honoSessions } from "micropie/adapters/hono";
import { answerOnHono } from "../answers/hono.js";
import { facade, ours } from "../own.js";
import { listenOnWeb } from "../serve.js";

export default {
  name: "micropie hono",
  kind: "micropie",
  on: "hono",
  packages: ["hono"],
  own: true,

  start(store, application, settings) {
    const sessions = ours(store, settings);
    const app = new Hono();
    app.use(honoSessions(sessions, { onError: () => {} }));
    app.get("*", async (c) => answerOnHono(c, await application.answer(c.req.url, facade(c.var, sessions))));
    return listenOnWeb(app.fetch, { hono: true });
  },
};
