/** micropie's `node` adapter around a plain `node:http` handler, on memory or on a shared store (`--redis=URL`). */
import { createServer } from "node:http";
import { nodeSessions } from "micropie/adapters/node";
import { COUNT_BODY, listen, NONE_BODY, READ_BODY } from "../lib/child.js";
import { ownSessions } from "../lib/own.js";

const sessions = await ownSessions();

const routes = new Map([
  [
    "/",
    (req) => {
      req.session.visits = (req.session.visits ?? 0) + 1;
      return COUNT_BODY(req.session.visits);
    },
  ],
  ["/read", (req) => READ_BODY(req.session.visits ?? 0)],
  ["/none", () => NONE_BODY],
]);

listen(
  createServer(
    nodeSessions(sessions, (req, res) => {
      const route = routes.get(req.url);
      if (!route) {
        res.statusCode = 404;
        res.end();
        return;
      }
      const body = route(req);
      res.setHeader("Content-Type", "text/plain; charset=utf-8");
      res.setHeader("Content-Length", Buffer.byteLength(body));
      res.end(body);
    }),
  ),
  () => sessions.close(),
);
