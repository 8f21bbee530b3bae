import express from "express";
import "express-session";
import Fastify from "fastify";
import "@fastify/session";
import { createSessions, login } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";
import "micropie/adapters/sveltekit";

// With the declaration files checked too: what other libraries declare is not declared again.
const sessions = createSessions<{ visits: number }>();

declare module "express-session" {
  interface SessionData {
    visits: number;
  }
}
declare module "micropie" {
  interface Register {
    session: typeof sessions;
  }
}
declare global {
  namespace Express {
    interface Request {
      tenant: string;
    }
  }
}

const app = express().use(expressSessions(sessions));
app.get("/", (req, res) => {
  login(req.session, req.tenant);
  res.json(req.session.visits);
});

const fastify = Fastify();
fastify.register(fastifySessions(sessions));
fastify.get("/", ({ session }) => login(session, session.sessionId));
