/**
 * A shop, and a page for those who run it: sessions, charts, why they ended, and a way to end them. A few made-up customers come and go, so
 * that there is something to see.
 *
 *     npx micropie examples/operators/app.ts
 */
import { App, html, info, login, logout, mount, post, redirect, reply } from "micropie";
import { adminPage } from "micropie/admin";
import { recordEvents } from "micropie/recorder";
import { button, page, signInPage } from "../recipes/page.ts";
import { isPassword } from "../recipes/users.ts";
import { bringCustomers } from "./customers.ts";

interface Data {
  cart: string[];
  /** Set at the sign-in, from what the application knows of its users. */
  isOperator: boolean;
}

/** A stand-in for a column of the table of users. */
const OPERATORS = new Set(["ben"]);

class Shop extends App<Data> {
  index() {
    const { session } = this.request;
    const { userId } = info(session);
    if (userId === undefined) return signInPage("Ben runs this shop; Ann is a customer.");
    const way = session.isOperator && html`<p><a href="/admin/">The sessions of this shop</a></p>`;
    return page("A shop", html`<p>You are <b>${userId}</b>.</p>${way}${button("Sign out", "/logout")}`);
  }

  login = post(async () => {
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("That is not the password. Try again."));
    const { session } = this.request;
    session.isOperator = OPERATORS.has(name);
    login(session, name, { by: ["password"] });
    return redirect("/", 303);
  });

  logout = post(() => {
    logout(this.request.session);
    return redirect("/", 303);
  });
}

const app = new Shop({
  device: { address: "network" },
  // What the page asks for by itself keeps no operator signed in.
  idle: ({ url }) => url.searchParams.has("live"),
});

const operators = adminPage(app.sessions, {
  allow: ({ session }) => session.isOperator === true && info(session).userId,
  manage: true,
  recorder: recordEvents(app.sessions),
  data: ["cart"],
});
app.middlewares.push(mount("/admin", operators));

app.startupHandlers.push(() => bringCustomers(app.sessions));
app.shutdownHandlers.push(() => operators.shutdown());
export default app;
