/**
 * An account: sign-in with a password and a second factor, the devices of the user, three at most, and a payment that asks for the
 * second factor again. The password and the code are stand-ins, and the page tells them.
 *
 *     npx micropie examples/account/app.ts
 */
import { AccessError, App, info, login, logout, post, redirect, reply, rotate } from "micropie";
import { requireFresh, requireUser } from "micropie/guards";
import { isPassword } from "../recipes/users.ts";
import { accountPage, codePage, MOST, paidPage, signInPage } from "./pages.ts";

interface Data {
  /** Whose password was right, until the code is too. */
  pending: string;
}

/** A stand-in for a code that an authenticator shows (RFC 6238). A real one is checked once, and tries are limited. */
const CODE = "123456";

class Account extends App<Data> {
  async index() {
    const { session } = this.request;
    const { userId } = info(session);
    if (userId === undefined) return signInPage();
    const devices = await this.sessions.list({ userId }, { current: session }).toArray();
    return accountPage(userId, devices);
  }

  login = post(async () => {
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("That is not the password. Try again."));
    this.request.session.pending = name;
    return redirect("/code", 303);
  });

  /** The second factor: at the sign-in, and again before a payment. */
  async code(back = "/") {
    const { session, method } = this.request;
    const { userId } = info(session);
    const name = session.pending ?? userId;
    if (name === undefined) return redirect("/", 303);
    if (method !== "POST") return codePage(name, back);
    if (this.request.form("code", "") !== CODE)
      return reply(401, codePage(name, back, "That is not the code. Try again."));
    if (session.pending === undefined) rotate(session, "elevated", { by: ["otp"] });
    else login(session, name, { by: ["password", "otp"] });
    delete session.pending;
    // Only a path of this site, or somebody's link could lead elsewhere.
    return redirect(/^\/(?![/\\])/.test(back) ? back : "/", 303);
  }

  pay = post(() => {
    // Whoever asks for a page is sent to `signIn` below, and comes back.
    const userId = requireFresh(this.request.session, "1m", "otp");
    return paidPage(userId);
  });

  rename = post(async () => {
    const handle = await this.#ownHandle();
    await this.sessions.rename({ handle }, this.request.form("name", ""));
    return redirect("/", 303);
  });

  end = post(async () => {
    // Whoever finds the browser open must not end the sessions of its user.
    requireFresh(this.request.session, "10m");
    await this.sessions.revoke({ handle: await this.#ownHandle() });
    return redirect("/", 303);
  });

  end_others = post(async () => {
    const { session } = this.request;
    const userId = requireFresh(session, "10m");
    await this.sessions.revoke({ userId, except: session });
    return redirect("/", 303);
  });

  logout = post(() => {
    logout(this.request.session);
    return redirect("/", 303);
  });

  /** Returns the handle in the form. It can be anybody's, so it is compared with those of the user. */
  async #ownHandle(): Promise<string> {
    const userId = requireUser(this.request.session);
    const [listed] = await this.sessions.list({ handle: this.request.form("handle", "") }).toArray();
    if (listed?.userId !== userId) throw new AccessError("no_user", "That session is not yours.");
    return listed.handle;
  }
}

const app = new Account({
  perUser: MOST,
  onLimit: "end-oldest",
  device: { address: "network" },
  signIn: ({ code }) => (code === "not_fresh" ? "/code" : "/"),
});
app.sessions.on("device_changed", ({ userId, changed, now }) => {
  // Send a message to the user, or ask for the second factor again.
  console.warn(`The session of ${userId} has another ${changed.join(" and ")}:`, now.userAgent, now.address);
});
export default app;
