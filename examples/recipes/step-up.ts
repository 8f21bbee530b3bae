/**
 * A payment asks for the password again, unless it was given in the last five minutes.
 *
 *     npx micropie examples/recipes/step-up.ts
 */
import { App, html, info, login, post, redirect, reply, rotate } from "micropie";
import { requireFresh, requireUser } from "micropie/guards";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

const HINT = "Pay now, and again after five minutes: the second time, the password is asked for.";

class Bank extends App {
  index() {
    const { userId, by } = info(this.request.session);
    if (userId === undefined) return signInPage();
    return page(`Hello ${userId}`, html`<p>Proved: ${by.join(", ")}</p> ${button("Pay", "/pay")}`, HINT);
  }

  login = post(async () => {
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(this.request.session, name, { by: ["password"] });
    return redirect("/", 303);
  });

  pay = post(() => {
    requireFresh(this.request.session, "5m", "password");
    return page("Paid", html`<p>Thank you.</p>`);
  });

  async confirm() {
    const { session, method } = this.request;
    const userId = requireUser(session);
    if (method !== "POST") return confirmPage();
    if (!(await isPassword(userId, this.request.form("password", ""))))
      return reply(401, confirmPage("Try again."));
    rotate(session, "elevated", { by: ["password"] }); // a new id: whoever has a copy of the old cookie does not get these rights
    return redirect("/", 303);
  }
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

export default new Bank({ signIn: ({ code }) => (code === "no_user" ? "/" : "/confirm") });
