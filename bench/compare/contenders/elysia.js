/** micropie's adapter on Elysia 1.4 under @hono/node-server. */
import { Elysia, redirect } from "elysia";
import { elysiaSessions } from "micropie/adapters/elysia";
import { facade, ours } from "../own.js";
import { listenOnWeb } from "../serve.js";

export default {
  name: "micropie elysia",
  kind: "micropie",
  on: "elysia",
  packages: ["elysia"],
  own: true,

  start(store, application, settings) {
    const sessions = ours(store, settings);
    const app = new Elysia().use(elysiaSessions(sessions, { onError: () => {} }));
    app.get("/*", async (context) => {
      const answer = await application.answer(context.request.url, facade(context, sessions));
      if (answer.status === 302) return redirect(new URL(answer.headers.location, context.request.url).href);
      context.set.status = answer.status;
      Object.assign(context.set.headers, answer.headers);
      return answer.body;
    });
    return listenOnWeb(app.fetch);
  },
};
