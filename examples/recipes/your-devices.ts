/**
 * "Your devices": where somebody is signed in, with a button to end one session, or all others.
 *
 *     npx micropie examples/recipes/your-devices.ts
 */
import { AccessError, App, html, info, login, post, redirect, reply } from "micropie";
import { button, deviceList, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

class Site extends App {
  async index() {
    const { session } = this.request;
    const { userId } = info(session);
    if (userId === undefined) return signInPage();
    const devices = await this.sessions.list({ userId }, { current: session }).toArray();
    return page(
      "Your devices",
      html`${deviceList(devices)} ${button("End all others", "/end_others")}`,
      "Sign in in a second browser or a private window too, and reload this page.",
    );
  }

  login = post(async () => {
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(this.request.session, name);
    return redirect("/", 303);
  });

  end = post(async () => {
    const userId = this.#userId();
    const handle = this.request.form("handle", "");
    // The handle comes from the form, so it can be anybody's.
    const [device] = await this.sessions.list({ handle }).toArray();
    if (device?.userId === userId) await this.sessions.revoke({ handle });
    return redirect("/", 303);
  });

  end_others = post(async () => {
    await this.sessions.revoke({ userId: this.#userId(), except: this.request.session });
    return redirect("/", 303);
  });

  #userId(): string {
    const { userId } = info(this.request.session);
    if (userId === undefined) throw new AccessError("no_user", "Sign in first.");
    return userId;
  }
}
export default new Site();
