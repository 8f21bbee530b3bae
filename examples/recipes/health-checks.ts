/**
 * Health checks, files and bots that leave no sessions behind.
 *
 *     npx micropie examples/recipes/health-checks.ts
 */
import { Hono } from "hono";
import { createSessions, SessionError, type Sessions } from "micropie";
import { honoSessions } from "micropie/adapters/hono";

const BOT = /bot|crawl|spider|slurp|preview|monitor/i;

export function site(sessions: Sessions<{ visits: number }>) {
  return new Hono()
    .use(honoSessions(sessions, { skip: ["/health", "/ready", "/robots.txt", "/assets/*"] }))
    .get("/health", (c) => c.text("ok")) // the process answers; no call of the store
    .get("/ready", async (c) => {
      try {
        await sessions.count({ handle: "0000000000000000" }); // any handle: only the call counts
        return c.text("ok");
      } catch (error) {
        if (!(error instanceof SessionError)) throw error;
        return c.text(error.code, 503);
      }
    })
    .get("/assets/:file", (c) =>
      c.text(c.req.param("file"), 200, { "cache-control": "public, max-age=3600" }),
    )
    .get("/", (c) => c.text("Welcome.")) // stores nothing, so it begins no session
    .get("/counter", (c) => {
      const { session } = c.var;
      const visits = (session.visits ?? 0) + 1;
      if (!BOT.test(c.req.header("user-agent") ?? "")) session.visits = visits;
      return c.text(`visit ${visits}`);
    });
}
export default site(createSessions());
