/**
 * Sessions on a plain `node:http` server, without App. It counts visits; /logout ends the session.
 *
 *     node examples/plain-node.ts
 */
import { createServer } from "node:http";
import { createSessions, logout } from "micropie";
import { nodeSessions } from "micropie/adapters/node";

const sessions = createSessions<{ visits: number }>();

const handler = nodeSessions(sessions, (req, res) => {
  const { session } = req;
  if (req.url === "/logout") {
    logout(session);
    res.writeHead(303, { location: "/" }).end();
    return;
  }
  session.visits = (session.visits ?? 0) + 1;
  res.end(`You have visited ${session.visits} times.\n`);
});

export const server = createServer(handler).listen(Number(process.env.PORT ?? 8000), "localhost");
