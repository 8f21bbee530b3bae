import { createServer } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import { login } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { nodeSessions, type RequestWithSession } from "micropie/adapters/node";
import { sessions } from "./sessions.ts";

const skip = process.env.HEALTH ? ["/health"] : undefined;

createServer(
  nodeSessions(
    sessions,
    (req, res) => {
      count(req);
      req.session = { visits: 1 };
      req.session = null;
      res.end();
    },
    { skip },
  ),
);
createHttp2Server(nodeSessions(sessions, ({ session }, res) => res.end(`${session.visits}`)));

function count({ session }: RequestWithSession): void {
  session.visits = (session.visits ?? 0) + 1;
  // @ts-expect-error misspelt
  session.visit;
}

export default {
  fetch: fetchSessions(
    sessions,
    (_request, session) => {
      login(session, "ann");
      return Response.json(session.cart ?? []);
    },
    { skip },
  ),
};
