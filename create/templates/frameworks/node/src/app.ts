import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { nodeSessions, type RequestWithSession } from "micropie/adapters/node";
import { formOf } from "./form.ts";
import { listen } from "./listen.ts";
import type { Running } from "./running.ts";
import type { SiteSessions } from "./sessions.ts";
import * as site from "./site.ts";

type Handler = (req: RequestWithSession, url: URL) => site.Answer | Promise<site.Answer>;

export function createApp(sessions: SiteSessions): RequestListener {
  const routes: Record<string, Handler> = {
    "GET /": (req) => site.home(req.session),
    "GET /login": (_, url) => site.signInForm(Object.fromEntries(url.searchParams)),
    "POST /login": async (req) => site.signIn(req.session, await formOf(req), req.headers["user-agent"]),
    "POST /logout": (req) => site.signOut(req.session),
    "GET /devices": guarded((req) => site.devices(sessions, req.session)),
    "POST /devices": guarded(async (req) => site.endDevices(sessions, req.session, await formOf(req))),
  };
  return nodeSessions(sessions, async (req, res) => {
    const url = new URL(`http://localhost${req.url ?? "/"}`);
    const route = routes[`${req.method} ${url.pathname}`];
    if (route === undefined) res.writeHead(404).end("There is no such page.\n");
    else send(res, await route(req, url));
  });
}

/** Returns a handler that needs a user. */
function guarded(handler: Handler): Handler {
  return (req, url) => site.signInFirst(req.session, req.method ?? "", req.url ?? "/") ?? handler(req, url);
}

function send(res: ServerResponse, { status, headers, body }: site.Answer): void {
  res.writeHead(status, headers).end(body);
}

export function serve(sessions: SiteSessions, port: number, host: string): Promise<Running> {
  return listen(createServer(createApp(sessions)), port, host);
}
