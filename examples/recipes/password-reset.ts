/**
 * A forgotten password: a link by mail, a new password, and every other session of the user ends.
 *
 *     npx micropie examples/recipes/password-reset.ts
 */
import { createHash, randomBytes } from "node:crypto";
import { App, type Html, html, info, login, post, redirect, reply } from "micropie";
import { page, signInPage } from "./page.ts";
import { isPassword, isUser, setPassword } from "./users.ts";

/** A stand-in for mail: it is printed. */
export const mail = { send: (to: string, text: string): void => console.log(`To ${to}: ${text}`) };

/** A stand-in for a table: the user of each link, and when the link ends, by the hash of its token. */
const links = new Map<string, { userId: string; ends: number }>();
const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");

class Site extends App {
  index() {
    const { userId } = info(this.request.session);
    if (userId !== undefined) return page(`Hello ${userId}`, html`<p>You are signed in.</p>`);
    return signInPage("", html`<a href="/forgot">Forgotten?</a>`);
  }

  login = post(async () => {
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(this.request.session, name);
    return redirect("/", 303);
  });

  forgot() {
    if (this.request.method !== "POST")
      return ask("/forgot", html`<label>Name <input name="name" required></label>`);
    const userId = this.request.form("name", "");
    if (isUser(userId)) {
      const token = randomBytes(24).toString("base64url");
      links.set(hashOf(token), { userId, ends: Date.now() + 15 * 60 * 1000 });
      mail.send(userId, `${process.env.SITE ?? "http://localhost:8000"}/reset/${token}`);
    }
    return page("Your password", html`<p>If you have an account, there is a mail for you.</p>`); // the same for every name
  }

  async reset(token: string) {
    const password = html`<label>New password <input name="password" type="password" minlength="12" required></label>`;
    // The token is in the address, so no other site may be told the address.
    if (this.request.method !== "POST")
      return reply(200, ask(`/reset/${token}`, password), { "referrer-policy": "no-referrer" });
    const given = this.request.form("password", "");
    if (given.length < 12) return reply(400, "A password has 12 characters or more.");
    const link = links.get(hashOf(token));
    links.delete(hashOf(token)); // works once
    if (link === undefined || link.ends < Date.now()) return reply(400, "Ask for a new link.");

    const { session } = this.request;
    await setPassword(link.userId, given); // first, so that nobody signs in with the old one afterwards
    await this.sessions.revoke({ userId: link.userId, except: session });
    login(session, link.userId); // this browser gets a new id
    return redirect("/", 303);
  }
}

function ask(action: string, field: Html) {
  return page(
    "Your password",
    html`<form method="post" action="${action}">${field}<button>Go on</button></form>`,
    "The mail with the link is printed where the server runs.",
  );
}
export default new Site();
