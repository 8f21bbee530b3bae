/**
 * An API for a mobile application, which has no cookies: the token is in a header.
 *
 *     npx micropie examples/recipes/mobile.ts
 *     curl -i -H "X-Session-Token: new" --json '{"name":"ann","password":"correct horse"}' http://localhost:8000/login
 */
import { AccessError, App, info, login, logout, post, reply } from "micropie";
import { isPassword } from "./users.ts";

class Api extends App<{ device: string }> {
  login = post(async () => {
    const { session } = this.request;
    const name = String(this.request.json("name", ""));
    if (!(await isPassword(name, String(this.request.json("password", "")))))
      return reply(401, { error: "The name or the password is wrong." });
    login(session, name, { timeouts: { idle: "30d", absolute: "90d" } });
    session.device = String(this.request.json("device", "a phone")).slice(0, 200);
    return { userId: name }; // the answer has X-Session-Token
  });

  me() {
    const { userId, expiresAt } = info(this.request.session);
    if (userId === undefined) throw new AccessError("no_user", "Sign in first.");
    return { userId, expiresAt };
  }

  logout = post(() => {
    logout(this.request.session);
    return {}; // the answer has an empty X-Session-Token
  });
}
export default new Api({ tokenHeader: "X-Session-Token" });
