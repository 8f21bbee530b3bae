import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { type Context, Hono, type Next } from "hono";
import { honoSessions } from "micropie/adapters/hono";
import { listen } from "./listen.ts";
import type { Running } from "./running.ts";
import type { SiteSessions } from "./sessions.ts";
import * as site from "./site.ts";

export function createApp(sessions: SiteSessions): Hono {
  const app = new Hono();
  app.use(honoSessions(sessions));

  app.get("/", (c) => send(site.home(c.var.session)));
  app.get("/login", (c) => send(site.signInForm(c.req.query())));
  app.post("/login", async (c) =>
    send(await site.signIn(c.var.session, await c.req.parseBody(), c.req.header("user-agent"))),
  );
  app.post("/logout", (c) => send(site.signOut(c.var.session)));

  app.get("/devices", guard, async (c) => send(await site.devices(sessions, c.var.session)));
  app.post("/devices", guard, async (c) =>
    send(await site.endDevices(sessions, c.var.session, await c.req.parseBody())),
  );
  return app;
}

/** Goes before each handler that needs a user. */
async function guard(c: Context, next: Next): Promise<Response | undefined> {
  const { pathname, search } = new URL(c.req.url);
  const answer = site.signInFirst(c.var.session, c.req.method, pathname + search);
  if (answer !== undefined) return send(answer);
  await next();
  return undefined;
}

function send({ status, headers, body }: site.Answer): Response {
  return new Response(body, { status, headers });
}

export function serve(sessions: SiteSessions, port: number, host: string): Promise<Running> {
  return listen(createAdaptorServer({ fetch: createApp(sessions).fetch }) as Server, port, host);
}
