/**
 * Sign in and out, list a user's devices, and log out everywhere. Ann's password is "correct horse".
 *
 *     npx micropie examples/login.ts
 */
import { scryptSync, timingSafeEqual } from "node:crypto";
import { App, html, info, login, logout, post, redirect, reply } from "micropie";

// A real application has a table of users, with a salt for each.
const users = new Map([["ann", scryptSync("correct horse", "a salt", 32)]]);

class Accounts extends App<{ device: string }> {
  async index() {
    const { session } = this.request;
    const { userId } = info(session);
    if (userId === undefined) return signInPage();
    const devices = await this.sessions.list({ userId }, { current: session }).toArray();
    return html`<!doctype html>
      <title>Your devices</title>
      <p>You are ${userId}.</p>
      <ul>
        ${devices.map(
          (device) => html`<li>${device.data.device}${device.current && " (this one)"}
            <form method="post" action="/end"><button name="handle" value="${device.handle}">End</button></form></li>`,
        )}
      </ul>
      <form method="post" action="/logout"><button>Log out</button></form>
      <form method="post" action="/logout_everywhere"><button>Log out everywhere</button></form>`;
  }

  login = post(() => {
    const { session } = this.request;
    const name = this.request.form("name", "");
    if (!isPassword(name, this.request.form("password", ""))) return reply(401, signInPage("Try again."));
    login(session, name); // a new id; the old one stops working
    session.device = this.request.headers.get("user-agent") ?? "unknown";
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

function isPassword(name: string, password: string): boolean {
  const hash = users.get(name);
  const given = scryptSync(password, "a salt", 32); // always computed, so that the time does not reveal who has an account
  return hash !== undefined && timingSafeEqual(hash, given);
}

function signInPage(message = "") {
  return html`<!doctype html>
    <title>Sign in</title>
    <p role="alert">${message}</p>
    <form method="post" action="/login">
      <input name="name" autocomplete="username" required>
      <input name="password" type="password" autocomplete="current-password" required>
      <button>Sign in</button>
    </form>`;
}
export default new Accounts();
