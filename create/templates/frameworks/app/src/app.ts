import { App, type AppRequest, get, HttpMiddleware, post } from "micropie";
import type { Running } from "./running.ts";
import type { SessionData, SiteSessions } from "./sessions.ts";
import * as site from "./site.ts";

/** Each method is a route: `login` answers /login. */
class Site extends App<SessionData> {
  index = get(() => send(site.home(this.request.session)));

  async login() {
    const { session, method, headers } = this.request;
    if (method !== "POST") return send(site.signInForm(Object.fromEntries(this.request.query())));
    return send(await site.signIn(session, this.#form(), headers.get("user-agent") ?? undefined));
  }

  logout = post(() => send(site.signOut(this.request.session)));

  async devices() {
    const { session, method } = this.request;
    if (method !== "POST") return send(await site.devices(this.sessions, session));
    return send(await site.endDevices(this.sessions, session, this.#form()));
  }

  #form(): site.Form {
    return Object.fromEntries(this.request.form());
  }
}

/** Everything needs a user, except for these routes: what is forgotten here is closed, not open. */
const OPEN = ["index", "login", "logout"];

class Guard extends HttpMiddleware {
  override beforeRequest({ session, method, url, route = "index" }: AppRequest) {
    if (OPEN.includes(route)) return undefined;
    const answer = site.signInFirst(session, method, url.pathname + url.search);
    return answer && send(answer);
  }
}

export function createApp(sessions: SiteSessions): App<SessionData> {
  const app = new Site({ sessions });
  app.middlewares.push(new Guard());
  return app;
}

function send({ status, headers, body }: site.Answer): Response {
  return new Response(body, { status, headers });
}

export function serve(sessions: SiteSessions, port: number, hostname: string): Promise<Running> {
  // server.ts stops it, and then closes the store.
  return createApp(sessions).serve({ port, hostname, signals: false });
}
