/**
 * Two sites on two domains: who is signed in to the shop signs in to the forum with one click.
 *
 *     npx micropie examples/recipes/domains.ts
 *
 * Open http://forum.localhost:8000 in a browser.
 */
import { randomBytes } from "node:crypto";
import {
  App,
  createSessions,
  html,
  InMemorySessionBackend,
  info,
  login,
  logout,
  post,
  redirect,
  reply,
  take,
} from "micropie";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

const domain = process.env.DOMAIN ?? "localhost";
const sessionBackend = new InMemorySessionBackend();

/** What goes from one domain to the other: a session of a minute, whose token is in the link and works once. */
const tickets = createSessions<{ userId?: string; state?: string }>({
  backend: sessionBackend,
  realm: "tickets",
  cookie: { name: "ticket", prefix: "" },
  timeouts: { idle: "1m", absolute: "1m" },
});

class Shop extends App<{ back?: string }> {
  index() {
    const { userId } = info(this.request.session);
    if (userId === undefined) return signInPage();
    return page(
      `Hello ${userId}`,
      button("Log out", "/logout"),
      "Open the forum, and sign in there with the shop.",
    );
  }

  login = post(async () => {
    const { session } = this.request;
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    const back = take(session, "back");
    login(session, name);
    return redirect((await back) ?? "/", 303);
  });

  /** The forum sends its visitors here. Only to the forum do they go back, whatever the link says. */
  async hand_over() {
    const state = this.request.query("state", "");
    const { userId } = info(this.request.session);
    if (userId === undefined) {
      this.request.session.back = `/hand_over?${new URLSearchParams({ state })}`;
      return redirect("/", 303);
    }
    const ticket = await tickets.load();
    ticket.userId = userId;
    ticket.state = state;
    const [, token] = /^ticket=([^;]+)/.exec((await tickets.commit(ticket)) ?? "") ?? [];
    const { port } = new URL(this.request.url);
    return redirect(`http://forum.${domain}:${port}/enter?ticket=${token}`, 303);
  }

  logout = post(() => {
    logout(this.request.session);
    return redirect("/", 303);
  });
}

class Forum extends App<{ state?: string }> {
  index() {
    const { userId } = info(this.request.session);
    const body =
      userId === undefined ? button("Sign in with the shop", "/begin") : button("Log out", "/logout");
    return page(
      userId === undefined ? "The forum" : `The forum of ${userId}`,
      body,
      "The shop is another domain.",
    );
  }

  begin = post(() => {
    const state = randomBytes(16).toString("base64url");
    this.request.session.state = state;
    const { port } = new URL(this.request.url);
    return redirect(`http://shop.${domain}:${port}/hand_over?state=${state}`, 303);
  });

  async enter() {
    const { session } = this.request;
    const ticket = await tickets.load(`ticket=${this.request.query("ticket", "")}`);
    // Each is taken once, in the store: a link that somebody finds later opens nothing.
    const [userId, state, mine] = [
      await take(ticket, "userId"),
      await take(ticket, "state"),
      await take(session, "state"),
    ];
    await tickets.commit(ticket);
    if (userId === undefined || mine === undefined || state !== mine)
      return reply(403, page("This link does not work", html`<p><a href="/">Try again</a></p>`));
    login(session, userId);
    return redirect("/", 303);
  }

  logout = post(() => {
    logout(this.request.session);
    return redirect("/", 303);
  });
}

const sites = new Map<string, App>([
  [`shop.${domain}`, new Shop({ sessionBackend, realm: "shop" })],
  [`forum.${domain}`, new Forum({ sessionBackend, realm: "forum" })],
]);

export default {
  async fetch(request: Request): Promise<Response> {
    const site = sites.get(new URL(request.url).hostname);
    return (await site?.fetch(request)) ?? new Response("There is no such site.", { status: 404 });
  },
};
