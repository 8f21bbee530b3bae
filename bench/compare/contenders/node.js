/** micropie's adapter for `node:http`. */
import { createServer } from "node:http";
import { nodeSessions } from "micropie/adapters/node";
import { answerOnNode } from "../answers/node.js";
import { facade, ours } from "../own.js";
import { listen } from "../serve.js";

export default {
  name: "micropie node",
  kind: "micropie",
  on: "node:http",
  own: true,

  start(store, application, settings) {
    const sessions = ours(store, settings);
    const handler = async (req, res) =>
      answerOnNode(res, await application.answer(req.url, facade(req, sessions)));
    return listen(createServer(nodeSessions(sessions, handler, { onError: () => {} })));
  },
};
