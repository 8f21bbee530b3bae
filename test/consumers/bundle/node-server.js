import { createServer } from "node:http";
import { createSessions } from "micropie";
import { nodeSessions } from "micropie/adapters/node";
import { SqliteSessionBackend } from "micropie/backends/sqlite";

const sessions = createSessions({ backend: new SqliteSessionBackend(":memory:") });

const listener = nodeSessions(sessions, ({ session }, res) => {
  session.visits = (session.visits ?? 0) + 1;
  res.end(`Visit ${session.visits}`);
});
const server = createServer(listener).listen(0, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
