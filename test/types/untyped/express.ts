import express from "express";
import { createSessions, login, type Session, update } from "micropie";
import { expressSessions } from "micropie/adapters/express";

const app = express();
app.use(expressSessions(createSessions({ userIdOf: ({ passport }) => passport?.user })));
app.post("/login", async (req, res) => {
  login(req.session, 42);
  req.session.cart = ["apple"];
  req.session.cart.push("pear");
  anywhere(req.session);
  await update(req.session, "visits", (visits = 0) => visits + 1);
  req.session = { cart: [] };
  res.redirect("/");
});

export function anywhere(session: Session): void {
  session.whatever = { deep: [1] };
}
