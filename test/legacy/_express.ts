import express from "express";
import session, { type SessionOptions, type Store } from "express-session";
import type { SessionData } from "micropie";
import { type ExpressSessionLegacyOptions, expressSessionLegacy } from "../../src/legacy/express-session.ts";
import { serve } from "./_site.ts";

/** An application on express and express-session, before the change. */
export interface OldSite {
  readonly url: string;
  readonly store: Store;
  reader(more?: Partial<ExpressSessionLegacyOptions>): ReturnType<typeof expressSessionLegacy>;
}

/** `/login` signs in, `?remember=1` for a day; `/` shows the session. */
export async function oldSite(options: Partial<SessionOptions> = {}): Promise<OldSite> {
  const store = options.store ?? new session.MemoryStore();
  const secret = "the old secret";
  const all = { secret, resave: false, saveUninitialized: false, ...options, store };
  const app = express();
  app.use(session(all));
  app.get("/login", (req, res, next) =>
    req.session.regenerate((error) => {
      if (error) return next(error);
      Object.assign(req.session, { user: "ann", cart: [1, 2] });
      if (req.query.remember) req.session.cookie.maxAge = 86_400_000;
      res.end("{}");
    }),
  );
  app.get("/", (req, res) => {
    const { cookie, ...data } = req.session as unknown as SessionData;
    res.end(JSON.stringify(data));
  });
  const legacy = { secret: all.secret as string, store, name: options.name, cookie: cookieOf(options) };
  return { url: await serve(app), store, reader: (more) => expressSessionLegacy({ ...legacy, ...more }) };
}

const cookieOf = ({ cookie }: Partial<SessionOptions>) => (typeof cookie === "function" ? undefined : cookie);
/** Who has signed in. */
export const ANN = { user: "ann", cart: [1, 2] };
