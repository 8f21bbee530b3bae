import express from "express";
import "express-session";
import { createSessions, info, login, logout, take, update } from "micropie";
import { type ExpressRequest, expressSessions } from "micropie/adapters/express";

const sessions = createSessions<{ visits: number }>();

// What @types/express-session says of `req.session` stands.
declare module "express-session" {
  interface SessionData {
    visits: number;
    user: { id: string };
  }
}
declare module "micropie" {
  interface Register {
    session: typeof sessions;
  }
}

const app = express();
app.use(expressSessions(sessions));
app.get("/", async (req, res, next) => {
  req.session.visits = (req.session.visits ?? 0) + 1;
  const user: { id: string } | undefined = req.session.user;
  login(req.session, user?.id ?? "ann");
  await update(req.session, "visits", (visits = 0) => visits + 1);
  await take(req.session, "user");
  req.session.regenerate((error) => req.session.save((failed) => next(error ?? failed)));
  logout(req.session);
  res.json([info(req.session).userId, req.sessionID]);
});
app.get("/ours", async (req, res) => {
  const { session } = req as ExpressRequest<{ visits: number }, typeof req>;
  await session.destroy();
  res.json(session.visits);
});
