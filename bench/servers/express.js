/**
 * express, with express-session if asked (`--session`), in memory or on a shared store, the least work its options allow;
 * or with micropie (`--micropie`).
 */
import express from "express";
import session from "express-session";
import { COUNT_BODY, listening, MAX_AGE, NONE_BODY, READ_BODY } from "../lib/child.js";
import { ownSessions } from "../lib/own.js";
import { expressStore } from "../lib/store.js";

const app = express();
app.disable("x-powered-by");
app.disable("etag");
const own = process.argv.includes("--micropie");
const rival = process.argv.includes("--session");
if (own) {
  const { expressSessions } = await import("micropie/adapters/express");
  app.use(expressSessions(await ownSessions()));
}
if (rival) {
  app.use(
    session({
      name: "session_id",
      store: await expressStore(session),
      secret: "a secret of the bench, of more than thirty-two characters",
      resave: false,
      saveUninitialized: false,
      rolling: false,
      cookie: { path: "/", httpOnly: true, sameSite: "lax", secure: false, maxAge: MAX_AGE * 1000 },
    }),
  );
}
if (own || rival) {
  app.get("/", (req, res) => {
    req.session.visits = (req.session.visits ?? 0) + 1;
    res.type("text/plain").send(COUNT_BODY(req.session.visits));
  });
  app.get("/read", (req, res) => {
    res.type("text/plain").send(READ_BODY(req.session.visits ?? 0));
  });
} else {
  app.get("/", (_req, res) => {
    res.type("text/plain").send(COUNT_BODY(1));
  });
  app.get("/read", (_req, res) => {
    res.type("text/plain").send(READ_BODY(1));
  });
}
app.get("/none", (_req, res) => {
  res.type("text/plain").send(NONE_BODY);
});
const server = app.listen(0, "127.0.0.1", () => listening(server.address().port));
