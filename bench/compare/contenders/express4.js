/** micropie's adapter on Express 4. */
import express from "express4";
import { expressSessions } from "micropie/adapters/express";
import { answerOnExpress } from "../answers/express.js";
import { facade, ours } from "../own.js";
import { listen } from "../serve.js";

export default {
  name: "micropie express 4",
  kind: "micropie",
  on: "express4",
  packages: ["express4"],
  own: true,

  start(store, application, settings) {
    const sessions = ours(store, settings);
    const app = express();
    app.set("env", "test");
    app.use(expressSessions(sessions, { onError: () => {} }));
    app.use((req, res, next) => {
      application
        .answer(req.url, facade(req, sessions))
        .then((answer) => answerOnExpress(res, answer))
        .catch(next);
    });
    return listen(app.listen(0, "127.0.0.1"));
  },
};
