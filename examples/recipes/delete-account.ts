/**
 * Delete an account: the user, every session, and what the sessions held.
 *
 *     npx micropie examples/recipes/delete-account.ts
 */
import { AccessError, App, html, info, login, logout, post, redirect, reply } from "micropie";
import { page, signInPage } from "./page.ts";
import { deleteUser, isPassword } from "./users.ts";

class Site extends App<{ searches: string[] }> {
  index() {
    const { userId } = info(this.request.session);
    if (userId === undefined) return signInPage();
    return page(
      `Hello ${userId}`,
      html`<p><a href="/data">What is stored about you</a></p>
        <form method="post" action="/delete_account">
          <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
          <button>Delete your account</button>
        </form>`,
    );
  }

  login = post(async () => {
    const { session } = this.request;
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(session, name);
    session.searches = ["tea"];
    return redirect("/", 303);
  });

  async data() {
    const { userId } = info(this.request.session);
    if (userId === undefined) throw new AccessError("no_user", "Sign in first.");
    return await this.sessions.list({ userId }).toArray(); // with the data of each
  }

  delete_account = post(async () => {
    const { session } = this.request;
    const { userId } = info(session);
    if (userId === undefined) throw new AccessError("no_user", "Sign in first.");
    if (!(await isPassword(userId, this.request.form("password", ""))))
      return reply(403, "The password is wrong.");
    deleteUser(userId); // first, so that nobody signs in again meanwhile
    await this.sessions.revoke({ userId, except: session });
    logout(session); // this one too, with its cookie
    return page("Goodbye", html`<p>Your account is deleted.</p>`);
  });
}
export default new Site();
