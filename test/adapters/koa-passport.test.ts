import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import Koa, { type Context, type Middleware } from "koa";
import { createSessions, type SessionOptions } from "micropie";
import { koaSessions } from "micropie/adapters/koa";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { GatedBackend, gate } from "micropie/testing";
import { Strategy } from "passport-local";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "./_koa-app.ts";
import { type Kept, type PassportSite, passportCases } from "./_passport-cases.ts";

interface Passport {
  use(strategy: Strategy): void;
  serializeUser(fn: (user: { name: string }, done: (error: null, name: string) => void) => void): void;
  deserializeUser(fn: (name: string, done: (error: null, user: object | false) => void) => void): void;
  initialize(): Middleware;
  session(): Middleware;
  authenticate(strategy: string, options: object): Middleware;
}

// It has no types of its own, and nobody wrote some for the release of now.
const { KoaPassport } = createRequire(import.meta.url)("koa-passport") as { KoaPassport: new () => Passport };

/** Nobody has told it that the sessions are ours. */
function newPassport(): Passport {
  const auth = new KoaPassport();
  auth.use(
    new Strategy((username, password, done) => {
      if (password === "wrong") done(null, false, { message: "Wrong password." });
      else done(null, { name: username });
    }),
  );
  auth.serializeUser((user, done) => done(null, user.name));
  auth.deserializeUser((name, done) => done(null, name === "removed" ? false : { name }));
  return auth;
}

async function start(
  options: SessionOptions<Kept> = {
    userIdOf: (data) => (data as { passport?: { user?: string } }).passport?.user,
  },
): Promise<PassportSite> {
  const store = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions<Kept>({ ...options, backend: store });
  const slow = gate();
  const app = new Koa();
  const auth = newPassport();
  const user = (ctx: Context): string | null =>
    (ctx.state.user as { name: string } | undefined)?.name ?? null;
  const login = (more: object) => auth.authenticate("local", { failureRedirect: "/login", ...more });
  const routes: Record<string, Middleware> = {
    "/login": login({ successRedirect: "/" }),
    "/login-keep": login({ successReturnToOrRedirect: "/", keepSessionInfo: true }),
    "/login-message": login({ successRedirect: "/", failureMessage: true }),
    "/login-heard": async (ctx) => {
      try {
        await ctx.login({ name: "ann" });
      } catch {
        store.mend();
        ctx.session.visits = 1;
        ctx.status = 401;
      }
    },
    "/logout": async (ctx) => {
      await ctx.logout();
      ctx.redirect("/");
    },
    "/private": (ctx) => {
      if (ctx.isAuthenticated()) {
        ctx.body = JSON.stringify(user(ctx));
        return;
      }
      ctx.session.returnTo = ctx.url;
      ctx.redirect("/login");
    },
    "/visit": (ctx) => {
      ctx.session.visits = (ctx.session.visits ?? 0) + 1;
      ctx.body = "";
    },
    "/slow": async (ctx) => {
      await slow.wait();
      ctx.session.late = true;
      ctx.body = "";
    },
    "/data": (ctx) => {
      ctx.body = { ...ctx.session };
    },
    "/": (ctx) => {
      ctx.body = JSON.stringify(user(ctx));
    },
  };
  app.use(koaSessions(sessions) as Middleware);
  app.use(async (ctx, next) => {
    Object.assign(ctx.request, { body: Object.fromEntries(new URLSearchParams(await text(ctx.req))) });
    return next();
  });
  app.use(auth.initialize());
  app.use(auth.session());
  app.use((ctx, next) => routes[ctx.path]!(ctx, next));
  onTestFinished(() => {
    store.mend();
    slow.open();
  });
  const { jar } = await listen(app);
  return { store, sessions, slow, jar };
}

describe("koa-passport", () => {
  passportCases({ start, signedIn: (user) => ({ passport: { user } }) });

  test("a login that the store refuses, and the handler answers 401: nobody is signed in, though the store is back", async () => {
    const { jar, store, sessions } = await start();
    const ann = jar();
    store.fail(["create"]);
    expect((await ann.post("/login-heard", {})).status).toBe(401);
    expect(JSON.parse((await ann.get("/data")).text)).toEqual({ visits: 1 });
    expect(await sessions.list({ userId: "ann" }).toArray()).toEqual([]);
  });
});
