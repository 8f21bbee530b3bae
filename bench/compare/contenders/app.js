/** micropie's own App. */
import { App } from "micropie";
import { webAnswer } from "../answers/web.js";
import { backend, facade, optionsOf } from "../own.js";
import { invokeOnWeb } from "../serve.js";

export default {
  name: "micropie App",
  kind: "micropie",
  on: "App",
  own: true,

  async start(store, application, settings) {
    class Site extends App {
      async index(..._path) {
        return webAnswer(await application.answer(this.request.raw.url, facade(this.request, app.sessions)));
      }
    }
    const app = new Site({ sessionBackend: backend(store), ...optionsOf(settings) });
    const { url, close } = await app.serve({ port: 0, hostname: "127.0.0.1" });
    return { url, invoke: invokeOnWeb((request) => app.fetch(request)), close };
  },
};
