const express = require("express");
const { info } = require("micropie");
const { expressSessions } = require("micropie/adapters/express");

exports.makeApp = (sessions) => {
  const app = express();
  app.use(expressSessions(sessions));
  app.get("/me", (req, res) => {
    const { userId } = info(req.session);
    if (userId === undefined) res.sendStatus(401);
    else res.send(`hello ${userId}`);
  });
  return app;
};
