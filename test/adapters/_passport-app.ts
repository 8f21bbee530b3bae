import flash from "connect-flash";
import { csrfSync } from "csrf-sync";
import type { Request } from "express";
import { createSessions, type SessionBackend, type SessionOptions, type Sessions } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { type Gate, GatedBackend, gate } from "micropie/testing";
import passport from "passport";
import { Strategy } from "passport-local";
import { onTestFinished } from "vitest";
import { EXPRESS, errorPage, listen, newApp, route } from "./_express-server.ts";
import { Jar } from "./_jar.ts";

export interface PassportData {
  passport: { user?: string };
  visits: number;
  returnTo: string;
  messages: string[];
  flash: Record<string, string[]>;
  late: boolean;
}

export interface PassportApp {
  readonly store: GatedBackend;
  readonly sessions: Sessions<PassportData>;
  /** `/slow` waits here, and writes then. */
  readonly slow: Gate;
  jar(): Jar;
}

/** Signs in with any password but "wrong". Nobody has told it that the sessions are ours. */
export async function passportApp(
  version: keyof typeof EXPRESS,
  options: SessionOptions<PassportData> = { userIdOf: (data) => data.passport?.user },
  backend: SessionBackend = new InMemorySessionBackend(),
): Promise<PassportApp> {
  const store = new GatedBackend(backend);
  const sessions = createSessions<PassportData>({ ...options, backend: store });
  const slow = gate();
  const app = newApp(version);
  const auth = newPassport();
  const { csrfSynchronisedProtection, generateToken } = csrfSync();

  // Beside the tokens of csrf-sync.
  app.use(expressSessions(sessions, { csrf: true, onError: () => {} }));
  app.use(EXPRESS[version].urlencoded({ extended: false }));
  app.use(flash());
  app.use(auth.session());

  const login = (more: passport.AuthenticateOptions = {}) =>
    auth.authenticate("local", { failureRedirect: "/login", failureFlash: true, ...more });
  app.post("/login", login(), (_req, res) => res.redirect("/"));
  app.post("/login-return", login({ successReturnToOrRedirect: "/", keepSessionInfo: true }));
  app.post("/login-message", login({ failureMessage: true, successRedirect: "/" }));
  app.post("/login-remember", login(), (req, res) => {
    if (req.body.remember) req.session.cookie.maxAge = 14 * 24 * 3600 * 1000;
    res.json(req.session.cookie.originalMaxAge);
  });
  app.post("/login-slow", async (req, _res, next) => {
    await slow.wait();
    login({ successRedirect: "/" })(req, _res, next);
  });
  app.post("/login-heard", (req, res, next) => {
    req.login({ name: req.body.username }, (error: unknown) => {
      store.mend();
      if (!error) return next();
      dataOf(req).visits = 1;
      res.status(401).send("no");
    });
  });
  for (const keepSessionInfo of [false, true]) {
    app.post(keepSessionInfo ? "/logout-keep" : "/logout", (req, res, next) => {
      req.logout({ keepSessionInfo }, (error: unknown) => (error ? next(error) : res.redirect("/")));
    });
  }
  app.get(
    "/login",
    (req, res) => void res.json({ error: req.flash("error"), messages: dataOf(req).messages }),
  );
  app.get("/flash/:text", (req, res) => {
    req.flash("info", req.params.text);
    res.redirect("/login");
  });
  app.get("/flash", (req, res) => void res.json(req.flash("info")));
  app.get("/private", (req, res) => {
    if (req.isAuthenticated()) return res.send(`private of ${nameOf(req)}`);
    dataOf(req).returnTo = req.originalUrl;
    return res.redirect("/login");
  });
  app.get("/visit", (req, res) => {
    const data = dataOf(req);
    data.visits = (data.visits ?? 0) + 1;
    res.json(data.visits);
  });
  app.get(
    "/slow",
    route(async (req, res) => {
      await slow.wait();
      dataOf(req).late = true;
      res.json(nameOf(req));
    }),
  );
  app.get("/token", (req, res) => void res.send(generateToken(req)));
  app.post("/guarded", csrfSynchronisedProtection, (_req, res) => void res.send("done"));
  app.get("/ids", (req, res) => void res.json([req.sessionID, req.session.id]));
  app.get("/data", (req, res) => void res.json(dataOf(req)));
  app.get("/", (req, res) => void res.json({ user: nameOf(req), visits: dataOf(req).visits }));
  app.use(errorPage);

  const { url, close } = await listen(app);
  onTestFinished(async () => {
    store.mend();
    slow.open();
    await close();
    await sessions.close();
  });
  return { store, sessions, slow, jar: () => new Jar(url) };
}

function newPassport(): passport.PassportStatic {
  const auth = new passport.Passport() as unknown as passport.PassportStatic;
  auth.use(
    new Strategy((username, password, done) => {
      if (password === "wrong") done(null, false, { message: "Wrong password." });
      else done(null, { name: username });
    }),
  );
  auth.serializeUser((user, done) => done(null, (user as { name: string }).name));
  auth.deserializeUser((name: string, done) => done(null, name === "removed" ? false : { name }));
  return auth;
}

function nameOf(req: Request): string | null {
  return (req.user as { name: string } | undefined)?.name ?? null;
}

/** What express-session's types say of a session is not what this application keeps in it. */
function dataOf(req: Request): Partial<PassportData> {
  return req.session as unknown as Partial<PassportData>;
}
