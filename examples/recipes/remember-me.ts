/**
 * "Remember me": a sign-in that outlives the browser, for 30 days without a visit.
 *
 *     npx micropie examples/recipes/remember-me.ts
 */
import { App, html, info, login, logout, post, redirect, reply } from "micropie";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

const REMEMBER = html`<label><input type="checkbox" name="remember"> Remember me on this device</label>`;

class Site extends App {
  index() {
    const { userId, persistent, expiresAt = 0 } = info(this.request.session);
    if (userId === undefined) return signInPage("", REMEMBER);
    const end = new Date(expiresAt * 1000).toISOString();
    return page(
      `Hello ${userId}`,
      html`<p>This device is ${persistent ? "remembered" : "not remembered"}. Without a visit, you are signed out at ${end}.</p>
        ${button("Log out", "/logout")}`,
      "Close the browser, and open it again. Then log out, and try the other way.",
    );
  }

  login = post(async () => {
    const { session } = this.request;
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("The name or the password is wrong.", REMEMBER));
    const isChecked = this.request.form("remember") !== undefined; // browsers leave out a box that is not checked
    login(session, name, { remember: isChecked && "30d" });
    return redirect("/", 303);
  });

  logout = post(() => {
    logout(this.request.session);
    return redirect("/", 303);
  });
}
export default new Site({ timeouts: { idle: "2h", absolute: "1d" } }); // of those who are not remembered
