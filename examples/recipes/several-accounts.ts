/**
 * Several accounts in one browser, each with a session of its own, and a page to switch between them.
 *
 *     npx micropie examples/recipes/several-accounts.ts
 */
import { type Context, Hono } from "hono";
import { createSessions, html, InMemorySessionBackend, info, login, logout, type Session } from "micropie";
import { honoSessions } from "micropie/adapters/hono";
import { requireUser } from "micropie/guards";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

const backend = new InMemorySessionBackend(); // one store for all
const PLACES = [0, 1, 2];

/** One kind of session for each place, with a cookie and a realm of its own. */
const kinds = PLACES.map((place) => createSessions({ backend, cookie: { name: `account_${place}` } }));

const app = new Hono();
for (const place of PLACES)
  app.use(honoSessions(kinds[place]!, { as: `account${place}`, csrf: true, signIn: "/accounts" }));

/** Returns the session of a place; that of an account is in the path, so that two tabs can show two accounts. */
function accountOf(c: Context, place: number | string = c.req.param("place") ?? ""): Session {
  return c.get(`account${PLACES.includes(Number(place)) ? place : 0}`);
}

app.get("/accounts", (c) => {
  const users = PLACES.map((place) => ({ place, userId: info(accountOf(c, place)).userId }));
  const known = users.filter(({ userId }) => userId !== undefined);
  const list = html`<ul>
      ${known.map(({ place, userId }) => html`<li><a href="/u/${place}/">${userId}</a> ${button("Log out", `/u/${place}/logout`)}</li>`)}
    </ul>`;
  const more = known.length < PLACES.length ? html`<a href="/login">Add an account</a>` : html``;
  return c.html(
    page("Your accounts", html`${list} ${more} ${button("Log out of all", "/logout")}`).toString(),
  );
});

app.get("/login", (c) => c.html(signInPage().toString()));

app.post("/login", async (c) => {
  const form = await c.req.formData();
  const name = String(form.get("name"));
  if (!(await isPassword(name, String(form.get("password")))))
    return c.html(signInPage("Try again.").toString(), 401);
  const userIn = (place: number) => info(accountOf(c, place)).userId;
  // Who is signed in already signs in again, in the same place.
  const place =
    PLACES.find((each) => userIn(each) === name) ?? PLACES.find((each) => userIn(each) === undefined);
  if (place === undefined) return c.html(signInPage("Log out of an account first.").toString(), 409);
  login(accountOf(c, place), name, { by: ["password"] });
  return c.redirect(`/u/${place}/`, 303);
});

app.get("/u/:place/", (c) => {
  const userId = requireUser(accountOf(c));
  return c.html(page(`Hello ${userId}`, html`<a href="/accounts">Switch accounts</a>`).toString());
});

app.post("/u/:place/logout", (c) => {
  logout(accountOf(c));
  return c.redirect("/accounts", 303);
});

app.post("/logout", (c) => {
  for (const place of PLACES) logout(accountOf(c, place));
  return c.redirect("/accounts", 303);
});

/** Ends every session of a user, in whichever place of whichever browser. Returns how many it ended. */
export async function signOutEverywhere(userId: string) {
  const ended = await Promise.all(kinds.map((sessions) => sessions.revoke({ userId })));
  return ended.reduce((sum, each) => sum + each, 0);
}
export default app;
