/**
 * A site behind a proxy that ends https, such as nginx.
 *
 *     npx micropie examples/recipes/behind-a-proxy.ts
 */
import { App, html, info, login, post, redirect, reply } from "micropie";
import { page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

const HINT = "It is the address that the proxy saw. Without a proxy, send X-Forwarded-For yourself.";

class Site extends App<{ address: string }> {
  index() {
    const { session } = this.request;
    if (info(session).userId === undefined) return signInPage();
    return page("Hello", html`<p>You signed in from ${session.address}.</p>`, HINT);
  }

  login = post(async () => {
    const { session, address } = this.request;
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(session, name);
    session.address = address ?? "an unknown address";
    return redirect("/", 303); // a path, so the browser stays on https and on the host that it knows
  });
}

export default new Site({
  trustProxy: 1, // one proxy; its entry in X-Forwarded-For is the client's address
  cookie: { prefix: "__Host-" }, // Secure, whatever the connection to the proxy is
});
