import express, { type NextFunction, type Request, type Response, Router } from "express";
import { exclusive, info, login, logout, rotate, save, take, update } from "micropie";
import { expressErrors, expressSessions } from "micropie/adapters/express";
import { sessions } from "./sessions.ts";

const app = express();
app.use(
  expressSessions(sessions, {
    skip: process.env.HEALTH ? ["/health"] : undefined,
    exclusive: (req) => req.url === "/pay",
    idle: (req: Request) => req.path === "/poll",
    onError: process.env.QUIET ? () => {} : undefined,
  }),
);
app.post("/login", async (req, res) => {
  login(req.session, "ann", { timeouts: { idle: "7d" }, remember: true });
  await save(req.session);
  res.redirect("/");
});
app.post("/logout", (req, res) => {
  logout(req.session);
  res.redirect("/");
});
app.post("/second-factor", (req, res) => {
  rotate(req.session, "elevated");
  res.redirect("/");
});
app.post("/count", async (req, res) => {
  res.json(await update(req.session, "visits", (visits = 0) => visits + 1));
});
app.post("/pay", async (req, res) => {
  const cart: string[] | undefined = await exclusive(req.session, () => take(req.session, "cart"));
  res.json(cart);
});
app.get("/cart", (req, res, next) => {
  const cart: string[] = req.session.cart ?? [];
  // @ts-expect-error misspelt
  req.session.carts;
  // @ts-expect-error not its type
  req.session.visits = "three";
  req.session.cookie.maxAge = 1000;
  req.session.regenerate((error) => next(error));
  req.session = { visits: 1 };
  req.session = null;
  res.json([cart, req.sessionID, info(req.session).userId]);
});
export const routes = Router().get("/visits", (req, res) => res.json(req.session.visits));

function requireUser(req: Request, res: Response, next: NextFunction): void {
  if (info(req.session).userId) next();
  else res.sendStatus(401);
}
app.use(requireUser, routes, expressErrors);
