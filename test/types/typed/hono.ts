import { type Context, Hono } from "hono";
import { login, SessionError, update } from "micropie";
import { honoSessions } from "micropie/adapters/hono";
import { sessions } from "./sessions.ts";

// No `Variables`, and no chain of calls.
const app = new Hono();
app.use(honoSessions(sessions, { skip: process.env.HEALTH ? ["/health"] : undefined }));
app.get("/", async (c) => {
  c.var.session.visits = (c.var.session.visits ?? 0) + 1;
  await update(c.var.session, "visits", (visits = 0) => visits + 1);
  return c.text(`${c.get("session").visits}`);
});
app.post("/login", (c) => {
  login(c.var.session, "ann");
  // @ts-expect-error misspelt
  c.var.session.visit;
  return c.redirect("/");
});
app.onError((error, c) =>
  error instanceof SessionError ? c.text(error.code, error.status) : c.text("failed", 500),
);

export const cartOf = (c: Context): string[] | undefined => c.var.session.cart;

export const chained = new Hono()
  .use(honoSessions(sessions))
  .get("/", (c) => c.json(c.var.session.cart ?? []));
