/**
 * hono on @hono/node-server, with hono-sessions if asked (`--session`), the least work its options allow; or with micropie
 * (`--micropie`).
 */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { MemoryStore, sessionMiddleware } from "hono-sessions";
import { COUNT_BODY, listening, MAX_AGE, NONE_BODY, READ_BODY } from "../lib/child.js";
import { ownSessions } from "../lib/own.js";
import { Texts } from "../lib/texts.js";

function textStore() {
  const texts = new Texts();
  return {
    getSessionById: (id) => texts.get(id),
    createSession: (id, data) => texts.set(id, data),
    persistSessionData: (id, data) => texts.set(id, data),
    deleteSession: (id) => texts.delete(id),
  };
}

const app = new Hono();
if (process.argv.includes("--micropie")) {
  const { honoSessions } = await import("micropie/adapters/hono");
  app.use("*", honoSessions(await ownSessions()));
  app.get("/", (c) => {
    const session = c.get("session");
    session.visits = (session.visits ?? 0) + 1;
    return c.text(COUNT_BODY(session.visits));
  });
  app.get("/read", (c) => c.text(READ_BODY(c.get("session").visits ?? 0)));
} else if (process.argv.includes("--session")) {
  app.use(
    "*",
    sessionMiddleware({
      store: process.argv.includes("--texts") ? textStore() : new MemoryStore(),
      sessionCookieName: "session_id",
      expireAfterSeconds: MAX_AGE,
      autoExtendExpiration: false,
      cookieOptions: { path: "/", httpOnly: true, sameSite: "Lax", secure: false, maxAge: MAX_AGE },
    }),
  );
  app.get("/", (c) => {
    const session = c.get("session");
    const visits = (session.get("visits") ?? 0) + 1;
    session.set("visits", visits);
    return c.text(COUNT_BODY(visits));
  });
  app.get("/read", (c) => c.text(READ_BODY(c.get("session").get("visits") ?? 0)));
} else {
  app.get("/", (c) => c.text(COUNT_BODY(1)));
  app.get("/read", (c) => c.text(READ_BODY(1)));
}
app.get("/none", (c) => c.text(NONE_BODY));
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (info) => listening(info.port));
