import { createServer } from "node:http";
import { bodyParser } from "@koa/bodyparser";
import Router from "@koa/router";
import Koa, { type Context, type Next } from "koa";
import { koaSessions } from "micropie/adapters/koa";
import { listen } from "./listen.ts";
import type { Running } from "./running.ts";
import type { SiteSessions } from "./sessions.ts";
import * as site from "./site.ts";

export function createApp(sessions: SiteSessions): Koa {
  const router = new Router();
  router.get("/", (ctx: Context) => send(ctx, site.home(ctx.session)));
  router.get("/login", (ctx: Context) => send(ctx, site.signInForm(ctx.query)));
  router.post("/login", async (ctx: Context) =>
    send(ctx, await site.signIn(ctx.session, formOf(ctx), ctx.get("user-agent"))),
  );
  router.post("/logout", (ctx: Context) => send(ctx, site.signOut(ctx.session)));

  router.get("/devices", guard, async (ctx: Context) => send(ctx, await site.devices(sessions, ctx.session)));
  router.post("/devices", guard, async (ctx: Context) =>
    send(ctx, await site.endDevices(sessions, ctx.session, formOf(ctx))),
  );

  const app = new Koa();
  app.use(bodyParser({ enableTypes: ["form"] }));
  app.use(koaSessions(sessions));
  app.use(router.routes());
  return app;
}

/** Goes before each handler that needs a user. */
function guard(ctx: Context, next: Next): Promise<unknown> | undefined {
  const answer = site.signInFirst(ctx.session, ctx.method, ctx.url);
  if (answer === undefined) return next();
  send(ctx, answer);
  return undefined;
}

function formOf(ctx: Context): site.Form {
  return (ctx.request.body ?? {}) as site.Form;
}

function send(ctx: Context, { status, headers, body }: site.Answer): void {
  ctx.status = status;
  ctx.set(headers);
  ctx.body = body;
}

export function serve(sessions: SiteSessions, port: number, host: string): Promise<Running> {
  return listen(createServer(createApp(sessions).callback()), port, host);
}
