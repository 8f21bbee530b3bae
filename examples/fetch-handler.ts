/**
 * Sessions for a function from a web-standard Request to a Response. It keeps a shopping list.
 *
 *     npx micropie examples/fetch-handler.ts
 *     curl -c jar -b jar "http://localhost:8000/add?item=apple"
 */
import { createSessions } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";

const sessions = createSessions<{ list: string[] }>();

const handler = fetchSessions(sessions, (request, session) => {
  const url = new URL(request.url);
  const item = url.searchParams.get("item");
  if (url.pathname === "/add" && item) session.list = [...(session.list ?? []), item];
  return Response.json(session.list ?? []);
});

export default { fetch: handler };
