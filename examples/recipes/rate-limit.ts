/**
 * A user gets five answers a minute, counted in the session.
 *
 *     npx micropie examples/recipes/rate-limit.ts
 */
import { AccessError, App, info, login, post, redirect, reply, update } from "micropie";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

const LIMIT = 5;
const WINDOW = 60; // seconds

const HINT = "Ask six times within a minute: the sixth answer is a refusal.";

class Site extends App<{ asked: { since: number; count: number } }> {
  index() {
    const { userId } = info(this.request.session);
    return userId === undefined ? signInPage() : page(`Hello ${userId}`, button("Ask", "/ask"), HINT);
  }

  login = post(async () => {
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(this.request.session, name);
    return redirect("/", 303);
  });

  ask = post(async () => {
    const { session } = this.request;
    if (info(session).userId === undefined) throw new AccessError("no_user", "Sign in first.");
    const now = Date.now() / 1000;
    const { since, count } = await update(session, "asked", (asked) =>
      asked === undefined || now - asked.since >= WINDOW
        ? { since: now, count: 1 }
        : { ...asked, count: Math.min(asked.count, LIMIT) + 1 },
    );
    if (count <= LIMIT) return "42";
    const wait = Math.ceil(since + WINDOW - now);
    return reply(429, `Ask again in ${wait} seconds.`, { "retry-after": String(wait) });
  });
}
export default new Site();
