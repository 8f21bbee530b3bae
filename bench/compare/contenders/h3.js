/** micropie's adapter on h3 v2. */
import { H3, redirect, serve } from "h3";
import { h3Sessions } from "micropie/adapters/h3";
import { bytes } from "../answers/web.js";
import { facade, ours } from "../own.js";
import { invokeOnWeb } from "../serve.js";

export default {
  name: "micropie h3",
  kind: "micropie",
  on: "h3",
  packages: ["h3"],
  own: true,

  async start(store, application, settings) {
    const sessions = ours(store, settings);
    const app = new H3({ silent: true }).use(h3Sessions(sessions, { onError: () => {} }));
    app.get("/**", async (event) => {
      const { status, headers, body } = await application.answer(
        event.req.url,
        facade(event.context, sessions),
      );
      if (status === 302) return redirect(headers.location);
      event.res.status = status;
      for (const [name, value] of Object.entries(headers)) event.res.headers.set(name, value);
      return typeof body === "string" ? body : bytes(body);
    });
    const server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
    await server.ready();
    return {
      url: server.url,
      invoke: invokeOnWeb((request) => app.fetch(request)),
      close: () => server.close(true),
    };
  },
};
