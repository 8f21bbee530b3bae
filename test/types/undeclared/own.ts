import express from "express";
import { Hono } from "hono";
import { createSessions, login, type Session } from "micropie";
import { type ExpressRequest, expressSessions } from "micropie/adapters/express";
import { honoSessions } from "micropie/adapters/hono";

interface Data {
  visits: number;
}
const sessions = createSessions<Data>();

// An application that declares another `session`, which would contradict that of the adapter.
declare module "micropie" {
  interface Register {
    session: typeof sessions;
    "~global": false;
  }
}
declare global {
  namespace Express {
    interface Request {
      session: { tenant: string };
    }
  }
}

const app = express().use(expressSessions(sessions, { as: "ours" }));
app.get("/", (req, res) => {
  const { ours } = req as ExpressRequest<Data, typeof req, "ours">;
  login(ours, req.session.tenant);
  // @ts-expect-error nothing is declared of it
  req.ours;
  res.json(visitsOf(ours));
});

new Hono().get("/", (c) => {
  // @ts-expect-error nothing is declared of it
  c.var.session.visits;
  return c.text("");
});
new Hono().use(honoSessions(sessions)).get("/", (c) => c.text(`${visitsOf(c.var.session)}`));

function visitsOf(session: Session): number {
  // @ts-expect-error misspelt: `Session` knows it still
  session.visit;
  return session.visits ?? 0;
}
