/**
 * Sign in with a password. Pages that need a user lead to the sign-in page, and from there back to where they were.
 *
 *     npx micropie examples/recipes/password-login.ts
 */
import {
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

/** Everything needs a user, except for these routes: what is forgotten here is closed, not open. */
const OPEN = ["index", "login"];

class Guard extends HttpMiddleware {
  override beforeRequest(request: AppRequest) {
    if (OPEN.includes(request.route ?? "") || info(request.session).userId !== undefined) return undefined;
    const { method, url } = request;
    // A form that was sent cannot be repeated, so only pages are returned to.
    const back = method === "GET" ? url.pathname + url.search : "/";
    return redirect(`/login?back=${encodeURIComponent(back)}`, 303);
  }
}

const HINT = "Open your orders: you sign in first, and are led back to them.";

class Site extends App {
  index() {
    return page("Home", html`<a href="/orders?year=2026">Your orders</a>`, HINT);
  }

  orders() {
    const { userId } = info(this.request.session);
    const year = this.request.query("year", "");
    return page("Orders", html`<p>The orders of ${userId} in ${year}</p> ${button("Log out", "/logout")}`);
  }

  async login() {
    const { session, method } = this.request;
    if (method !== "POST") return form(this.request.query("back", "/"));
    const name = this.request.form("name", "");
    const back = this.request.form("back", "/");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, form(back, "The name or the password is wrong."));
    login(session, name); // a new id; the old one stops working
    return redirect(ownPath(back), 303);
  }

  logout = post(() => {
    logout(this.request.session);
    return redirect("/", 303);
  });
}

/** Returns a path of this site, or "/" for anything that leads to another: "https://evil.example", "//evil.example", "/\evil.example". */
function ownPath(path: string): string {
  const here = "http://here.invalid";
  // Read as a browser reads it, which takes "\" for "/" and drops tabs.
  return path.startsWith("/") && URL.parse(path, here)?.origin === here ? path : "/";
}

function form(back: string, message = "") {
  return signInPage(message, html`<input type="hidden" name="back" value="${back}">`);
}

const site = new Site();
site.middlewares.push(new Guard());
export default site;
