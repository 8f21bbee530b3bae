/**
 * An API for a single-page application on another origin.
 *
 *     ORIGIN=https://app.example.org npx micropie examples/recipes/other-origin.ts
 */
import { Hono } from "hono";
import { cors } from "hono/cors";
import { createSessions } from "micropie";
import { honoSessions } from "micropie/adapters/hono";

/** The origins whose pages may use the API. Never "*", and never what the request says. */
const origins = [process.env.ORIGIN ?? "http://localhost:3000"];

const sessions = createSessions<{ count: number }>({
  // For another site. For another origin of the same site, leave out both: the default, "lax", is sent there.
  cookie: { prefix: "__Host-", sameSite: "none", partitioned: true },
});

const app = new Hono()
  .use(cors({ origin: origins, credentials: true })) // first: its headers belong to errors too
  // With SameSite=None every site can make a browser send the cookie. CORS keeps it from reading the answer only.
  .use(honoSessions(sessions, { csrf: { trust: origins } }))
  .get("/count", (c) => c.json(c.var.session.count ?? 0))
  .post("/count", (c) => {
    const { session } = c.var;
    session.count = (session.count ?? 0) + 1;
    return c.json(session.count);
  });
export default app;
