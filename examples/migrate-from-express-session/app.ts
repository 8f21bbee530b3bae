// The application and its store, the same in all four versions.
import { RedisStore } from "connect-redis";
import express, { type RequestHandler } from "express";
import type { SessionOptions } from "express-session";
import { createClient } from "redis";

declare module "express-session" {
  interface SessionData {
    user?: string;
    count?: number;
  }
}

export const client = await createClient({ url: process.env.REDIS_URL ?? "redis://localhost" })
  .on("error", (error: Error) => console.error(error.message))
  .connect();
export const options = {
  secret: process.env.SECRET ?? "keep it elsewhere",
  store: new RedisStore({ client }),
  resave: false,
  saveUninitialized: false,
  cookie: { maxAge: 86_400_000, sameSite: "lax" },
} satisfies SessionOptions;

/** Serves the application with these sessions. */
export function serve(...sessions: RequestHandler[]): void {
  const app = express().use(...sessions);

  app.get("/", (req, res) => {
    const { user = null, count = 0 } = req.session;
    res.json({ user, count });
  });

  app.post("/count", (req, res) => {
    req.session.count = (req.session.count ?? 0) + 1;
    res.json({ user: req.session.user, count: req.session.count });
  });

  app.post("/login/:user", (req, res, next) => {
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.user = req.params.user;
      res.json({ user: req.params.user });
    });
  });

  app.post("/logout", (req, res, next) => {
    req.session.destroy((error) => (error ? next(error) : res.json({ user: null })));
  });

  const server = app.listen(Number(process.env.PORT ?? 3000), "localhost", () => {
    console.log(`http://localhost:${(server.address() as { port: number }).port}`);
  });
}
