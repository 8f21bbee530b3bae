/** micropie's adapter for functions from Request to Response, under @hono/node-server. */
import { fetchSessions } from "micropie/adapters/fetch";
import { webAnswer } from "../answers/web.js";
import { facade, ours } from "../own.js";
import { listenOnWeb } from "../serve.js";

export default {
  name: "micropie fetch",
  kind: "micropie",
  on: "fetch",
  own: true,

  start(store, application, settings) {
    const sessions = ours(store, settings);
    const handler = async (request, session) =>
      webAnswer(await application.answer(request.url, facade({ session }, sessions)));
    return listenOnWeb(fetchSessions(sessions, handler, { onError: () => {} }));
  },
};
