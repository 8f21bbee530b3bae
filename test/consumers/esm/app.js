import express from "express";
import { info } from "micropie";
import { expressSessions } from "micropie/adapters/express";

export function makeApp(sessions) {
  const app = express();
  app.use(expressSessions(sessions));
  app.get("/me", (req, res) => {
    const { userId } = info(req.session);
    if (userId === undefined) res.sendStatus(401);
    else res.send(`hello ${userId}`);
  });
  return app;
}
