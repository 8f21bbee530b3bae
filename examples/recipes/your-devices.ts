/**
 * "Your devices": where somebody is signed in, with a button to end one session, or all others.
 *
 *     npx micropie examples/recipes/your-devices.ts
 */
import { AccessError, App, html, info, login, post, redirect, reply } from "micropie";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

class Site extends App<{ device: string }> {
  async index() {
    const { session } = this.request;
    const { userId } = info(session);
    if (userId === undefined) return signInPage();
    const devices = await this.sessions.list({ userId }, { current: session }).toArray();
    const item = ({ handle, data, current, lastSeenAt }: (typeof devices)[number]) => {
      const seen = new Date(lastSeenAt * 1000).toISOString();
      const end = button("End", "/end", html`<input type="hidden" name="handle" value="${handle}">`);
      return html`<li>${data.device}, last seen ${seen} ${current ? "(this one)" : end}</li>`;
    };
    return page(
      "Your devices",
      html`<ul>${devices.map(item)}</ul> ${button("End all others", "/end_others")}`,
    );
  }

  login = post(async () => {
    const { session, headers } = this.request;
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(session, name);
    session.device = headers.get("user-agent")?.slice(0, 200) ?? "unknown";
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
