/**
 * Several shops in one process, each at its own host, with users and sessions of its own.
 *
 *     npx micropie examples/recipes/tenants.ts
 *
 * Open http://acme.localhost:8000 and http://globex.localhost:8000 in a browser.
 */
import { App, html, InMemorySessionBackend, info, login, post, redirect, reply } from "micropie";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

const HINT = "Open the other shop in a second tab: there, nobody is signed in.";

class Shop extends App {
  async index() {
    const { userId } = info(this.request.session);
    if (userId === undefined) return signInPage();
    const count = await this.sessions.count({ userId });
    return page(
      `Hello ${userId}`,
      html`<p>You have ${count} sessions.</p> ${button("End all", "/end_all")}`,
      HINT,
    );
  }

  // A real application has the users of each tenant in a table of their own.
  login = post(async () => {
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(this.request.session, name);
    return redirect("/", 303);
  });

  end_all = post(async () => {
    const { userId } = info(this.request.session);
    if (userId !== undefined) await this.sessions.revoke({ userId });
    return redirect("/", 303);
  });
}

const domain = process.env.DOMAIN ?? "localhost";
const sessionBackend = new InMemorySessionBackend(); // one store for all
const shops = new Map(
  ["acme", "globex"].map((tenant) => {
    const shop = new Shop({ sessionBackend, realm: tenant, cookie: { prefix: "__Host-" } });
    return [`${tenant}.${domain}`, shop];
  }),
);

export default {
  async fetch(request: Request): Promise<Response> {
    const shop = shops.get(new URL(request.url).hostname);
    return (await shop?.fetch(request)) ?? new Response("There is no such shop.", { status: 404 });
  },
};
