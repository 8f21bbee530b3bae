import express from "express";
import { createSessions, type Session } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import passport from "passport";
import { Strategy } from "passport-local";
import { tryThis } from "../page.ts";
import { account, STEPS, signIn } from "./pages.ts";

interface Data {
  cart: string[];
  passport: { user?: string };
  messages: string[];
}

// Passport stores the user id here. With it, the sessions of a user can be listed and ended.
const sessions = createSessions<Data>({ userIdOf: ({ passport }: Session<Data>) => passport?.user });
declare module "micropie" {
  interface Register {
    session: typeof sessions; // types every `req.session`
  }
}

passport.use(
  new Strategy((name, password, done) =>
    password === "correct horse" ? done(null, { name }) : done(null, false, { message: "Try again." }),
  ),
);
passport.serializeUser<string>((user, done) => done(null, (user as { name: string }).name));
passport.deserializeUser<string>((name, done) => done(null, { name }));

const app = express();
app.use(expressSessions(sessions), express.urlencoded({ extended: false }), passport.session());

app.get("/", async (req, res) => {
  const { cart = [], messages = [], passport: signed } = req.session;
  delete req.session.messages;
  const user = signed?.user;
  if (user === undefined) return void res.send(signIn(cart, messages.join(" ")));
  res.send(account(user, cart, (await sessions.list({ userId: user }).toArray()).length));
});

app.post("/cart", (req, res) => {
  const { session } = req;
  session.cart = [...(session.cart ?? []), String(req.body.item)];
  res.redirect(303, "/");
});

app.post(
  "/login",
  // The cart is kept. The session has a new id, and the old one stops working.
  passport.authenticate("local", { failureRedirect: "/", failureMessage: true, keepSessionInfo: true }),
  (req, res) => {
    if (req.body.remember) req.session.cookie.maxAge = 14 * 24 * 60 * 60 * 1000;
    res.redirect(303, "/");
  },
);

app.post("/logout", (req, res, next) => {
  req.logout((error) => (error ? next(error) : res.redirect(303, "/")));
});

app.post("/logout-everywhere", async (req, res) => {
  const user = req.session.passport?.user;
  if (user !== undefined) await sessions.revoke({ userId: user, except: req.session });
  await req.session.destroy();
  res.redirect(303, "/");
});

const port = Number(process.env.PORT ?? 3000);
app.listen(port, "localhost", () => tryThis("Express with Passport", `http://localhost:${port}`, STEPS));
