/**
 * Sign in and out, list a user's devices, and log out everywhere. Ann's password is "correct horse".
 *
 *     npx micropie examples/login.ts
 */
import { App, html, info, login, logout, post, redirect, reply } from "micropie";
import { button, deviceList, page, signInPage } from "./recipes/page.ts";
import { isPassword } from "./recipes/users.ts";

class Accounts extends App {
  async index() {
    const { session } = this.request;
    const { userId } = info(session);
    if (userId === undefined) return signInPage();
    const devices = await this.sessions.list({ userId }, { current: session }).toArray();
    return page(
      "Your devices",
      html`<p>You are ${userId}.</p>
        ${deviceList(devices)}
        <div class="row">${button("Log out", "/logout")} ${button("Log out everywhere", "/logout_everywhere")}</div>`,
      "Sign in in a second browser or a private window too, and reload this page.",
    );
  }

  login = post(async () => {
    const { session } = this.request;
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(session, name); // a new id; the old one stops working
    return redirect("/", 303);
  });

  // With SameSite=Lax, a POST from another site has no session, so no other site can log Ann out.
  logout = post(() => {
    logout(this.request.session);
    return redirect("/", 303);
  });

  logout_everywhere = post(async () => {
    const { session } = this.request;
    const { userId } = info(session);
    if (userId !== undefined) await this.sessions.revoke({ userId, except: session });
    logout(session);
    return redirect("/", 303);
  });

  end = post(async () => {
    const { userId } = info(this.request.session);
    const handle = this.request.form("handle", "");
    const own = userId === undefined ? [] : await this.sessions.list({ userId }).toArray();
    if (own.some((device) => device.handle === handle)) await this.sessions.revoke({ handle });
    return redirect("/", 303);
  });
}
export default new Accounts();
