import { createServer } from "node:http";
import express, { type Express, type RequestHandler, type Response } from "express";
import { expressSessions } from "micropie/adapters/express";
import { listen } from "./listen.ts";
import type { Running } from "./running.ts";
import type { SiteSessions } from "./sessions.ts";
import * as site from "./site.ts";

export function createApp(sessions: SiteSessions): Express {
  const app = express();
  app.disable("x-powered-by");
  app.use(express.urlencoded({ extended: false }));
  app.use(expressSessions(sessions));

  app.get("/", (req, res) => send(res, site.home(req.session)));
  app.get("/login", (req, res) => send(res, site.signInForm(req.query)));
  app.post("/login", async (req, res) =>
    send(res, await site.signIn(req.session, req.body ?? {}, req.get("user-agent"))),
  );
  app.post("/logout", (req, res) => send(res, site.signOut(req.session)));

  app.get("/devices", guard, async (req, res) => send(res, await site.devices(sessions, req.session)));
  app.post("/devices", guard, async (req, res) =>
    send(res, await site.endDevices(sessions, req.session, req.body ?? {})),
  );
  return app;
}

/** Goes before each handler that needs a user. */
const guard: RequestHandler = (req, res, next) => {
  const answer = site.signInFirst(req.session, req.method, req.originalUrl);
  if (answer === undefined) next();
  else send(res, answer);
};

function send(res: Response, { status, headers, body }: site.Answer): void {
  res.status(status).set(headers).send(body);
}

export function serve(sessions: SiteSessions, port: number, host: string): Promise<Running> {
  return listen(createServer(createApp(sessions)), port, host);
}
