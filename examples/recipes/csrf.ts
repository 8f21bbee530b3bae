/**
 * A form that no other site can send for its user: the page has a token that is also in the session.
 *
 *     npx micropie examples/recipes/csrf.ts
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import {
  AccessError,
  App,
  type AppRequest,
  HttpMiddleware,
  html,
  info,
  login,
  logout,
  post,
  redirect,
  reply,
} from "micropie";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

interface Data {
  csrf: string;
  sent: number;
}

/** Returns the token of this session, for its forms. */
function tokenOf({ session }: AppRequest): string {
  session.csrf ??= randomBytes(16).toString("base64url");
  return session.csrf;
}

/** Refuses a change that is not from a page of ours. */
class OwnPagesOnly extends HttpMiddleware {
  override beforeRequest(request: AppRequest) {
    if (request.method === "GET" || request.method === "HEAD") return undefined;
    const site = request.headers.get("sec-fetch-site"); // browsers send it, and no page can change it
    if (site !== null && site !== "same-origin" && site !== "none") return reply(403, "Not from there.");
    if (info(request.session).userId === undefined) return undefined; // nothing of a user's can change
    const given = Buffer.from(request.form("csrf", ""));
    const expected = Buffer.from(tokenOf(request));
    if (given.length !== expected.length || !timingSafeEqual(given, expected))
      return reply(403, "Load the page again.");
    return undefined;
  }
}

class Bank extends App<Data> {
  index() {
    const { session } = this.request;
    const { userId } = info(session);
    if (userId === undefined) return signInPage();
    const token = html`<input type="hidden" name="csrf" value="${tokenOf(this.request)}">`;
    return page(
      `${userId} has sent ${session.sent ?? 0}`,
      html`${button("Send 10", "/send", token)} ${button("Log out", "/logout", token)}`,
    );
  }

  send = post(() => {
    const { session } = this.request;
    if (info(session).userId === undefined) throw new AccessError("no_user", "Sign in first.");
    session.sent = (session.sent ?? 0) + 10;
    return redirect("/", 303);
  });

  login = post(async () => {
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(this.request.session, name);
    delete this.request.session.csrf; // whoever knew the token from before the sign-in does not know the next
    return redirect("/", 303);
  });

  logout = post(() => {
    logout(this.request.session);
    return redirect("/", 303);
  });
}

const app = new Bank();
app.middlewares.push(new OwnPagesOnly());
export default app;
