import { createSessions } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { serve } from "srvx";

const sessions = createSessions();

const handler = fetchSessions(sessions, (_request, session) => {
  session.visits = (session.visits ?? 0) + 1;
  return new Response(`Visit ${session.visits}`);
});
const server = serve({ fetch: handler, hostname: "127.0.0.1", port: 0, silent: true });
await server.ready();
console.log(`listening on ${server.url}`);
