/** micropie's own App. */
import { App } from "micropie";
import { webAnswer } from "../answers/web.js";
import { backend, facade } from "../own.js";

export default {
  name: "micropie App",
  on: "App",
  own: true,

  async start(store, application) {
    class Site extends App {
      async index(..._path) {
        return webAnswer(await application.answer(this.request.raw.url, facade(this.request)));
      }
    }
    const app = new Site({ sessionBackend: backend(store), cookie: { secure: false } });
    const { url, close } = await app.serve({ port: 0, hostname: "127.0.0.1" });
    return { url, close };
  },
};
