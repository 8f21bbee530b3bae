/**
 * A cart that a visitor fills before the sign-in, and still has after it.
 *
 *     npx micropie examples/recipes/cart.ts
 */
import { App, html, info, login, logout, post, redirect, reply, update } from "micropie";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

class Shop extends App<{ cart: string[] }> {
  index() {
    const { session } = this.request;
    const { userId } = info(session);
    const tea = html`<input type="hidden" name="item" value="tea">`;
    return page(
      `The cart of ${userId ?? "a visitor"}`,
      html`<ul>${(session.cart ?? []).map((item) => html`<li>${item}</li>`)}</ul>
        ${button("Add tea", "/add", tea)}
        ${userId === undefined ? html`<a href="/login">Sign in</a>` : button("Log out", "/logout")}`,
      "Add tea, and sign in: the tea is still there. Log out: it is gone.",
    );
  }

  add = post(async () => {
    const item = this.request.form("item", "");
    // Two requests that overlap both add theirs; `session.cart = [...]` would keep only one.
    await update(this.request.session, "cart", (cart = []) => [...cart, item].slice(-50));
    return redirect("/", 303);
  });

  async login() {
    const { session, method } = this.request;
    if (method !== "POST") return signInPage();
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    const { userId } = info(session);
    if (userId !== undefined && userId !== name) delete session.cart; // it is somebody else's
    login(session, name); // keeps the data, under a new id
    return redirect("/", 303);
  }

  logout = post(() => {
    logout(this.request.session); // the cart goes too
    return redirect("/", 303);
  });
}
export default new Shop();
