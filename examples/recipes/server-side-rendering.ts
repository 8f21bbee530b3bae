/**
 * A server that renders pages from an API: it passes the browser's cookie on to the API, and the API's cookies back.
 *
 *     npx micropie examples/recipes/server-side-rendering.ts
 */
import { createSessions } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { frame } from "../page.ts";

const sessions = createSessions<{ visits: number }>();

/** The API, which has the sessions. */
const api = fetchSessions(sessions, (request, session) => {
  if (request.method === "POST") session.visits = (session.visits ?? 0) + 1;
  return Response.json(session.visits ?? 0);
});

/** Makes calls of the API for one request of a browser: with its cookies, and with those that the API has set since. */
function apiFor(request: Request) {
  const pairs = (request.headers.get("cookie") ?? "").split(/; */).filter(Boolean);
  const jar = new Map(pairs.map((pair) => [pair.split("=")[0]!, pair]));
  const lines: string[] = [];
  return {
    /** The Set-Cookie lines for the browser. */
    lines,
    async call(path: string, init: RequestInit = {}): Promise<unknown> {
      const headers = new Headers(init.headers);
      headers.set("cookie", [...jar.values()].join("; "));
      // The address of the API is fixed: never take it from the request, or the cookies go where its sender likes.
      const answer = await api(new Request(new URL(path, "https://api.internal"), { ...init, headers })); // or fetch
      for (const line of answer.headers.getSetCookie()) {
        lines.push(line);
        const pair = line.split(";")[0]!;
        jar.set(pair.split("=")[0]!, pair);
      }
      if (!answer.ok) throw new Error(`The API answered ${answer.status}.`);
      return await answer.json();
    },
  };
}

async function render(request: Request): Promise<Response> {
  const { call, lines } = apiFor(request);
  await call("/visits", { method: "POST" }); // may begin a session
  const visits = await call("/visits"); // has the cookie of that session already
  const page = new Response(
    frame("Visits", "<p>Reload this page.</p>", `<section>visit ${visits}</section>`),
  );
  page.headers.set("content-type", "text/html; charset=utf-8");
  page.headers.set("cache-control", "private, no-store"); // it is one user's page, and it has a cookie
  for (const line of lines) page.headers.append("set-cookie", line);
  return page;
}
export default { fetch: render };
