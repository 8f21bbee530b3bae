/**
 * A payment asks for the password again, unless it was given in the last five minutes.
 *
 *     npx micropie examples/recipes/step-up.ts
 */
import { App, html, info, login, post, type ReadonlySession, redirect, reply, rotate } from "micropie";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

interface Data {
  /** When the password was given again, in seconds since 1970. */
  confirmedAt: number;
}

const HINT = "Pay now, and again after five minutes: the second time, the password is asked for.";

class Bank extends App<Data> {
  index() {
    const { userId } = info(this.request.session);
    return userId === undefined ? signInPage() : page(`Hello ${userId}`, button("Pay", "/pay"), HINT);
  }

  login = post(async () => {
    const { session } = this.request;
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    delete session.confirmedAt; // of whoever was signed in before
    login(session, name);
    return redirect("/", 303);
  });

  pay = post(() => {
    if (!isFresh(this.request.session)) return redirect("/confirm", 303);
    return page("Paid", html`<p>Thank you.</p>`);
  });

  async confirm() {
    const { session, method } = this.request;
    const { userId } = info(session);
    if (userId === undefined) return redirect("/", 303);
    if (method !== "POST") return confirmPage();
    if (!(await isPassword(userId, this.request.form("password", ""))))
      return reply(401, confirmPage("Try again."));
    session.confirmedAt = Date.now() / 1000;
    rotate(session, "elevated"); // a new id: whoever has a copy of the old cookie does not get these rights
    return redirect("/", 303);
  }
}

/** Returns whether the password was given in the last five minutes, at the sign-in or since. */
function isFresh(session: ReadonlySession<Data>): boolean {
  const { userId, signedInAt = 0 } = info(session);
  const given = Math.max(signedInAt, session.confirmedAt ?? 0);
  return userId !== undefined && Date.now() / 1000 - given < 5 * 60;
}

function confirmPage(message = "") {
  return page(
    "Is it you?",
    html`<p role="alert">${message}</p>
      <form method="post" action="/confirm">
        <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
        <button>Confirm</button>
      </form>`,
  );
}
export default new Bank();
