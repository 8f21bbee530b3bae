/** micropie's adapter on Express 4. */
import express from "express4";
import { expressSessions } from "micropie/adapters/express";
import { answerOnExpress } from "../answers/express.js";
import { facade, ours } from "../own.js";
import { listen } from "../serve.js";

export default {
  name: "micropie express 4",
  on: "express4",
  packages: ["express4"],
  own: true,

  start(store, application) {
    const app = express();
    app.set("env", "test");
    app.use(expressSessions(ours(store), { onError: () => {} }));
    app.use((req, res, next) => {
      application
        .answer(req.url, facade(req))
        .then((answer) => answerOnExpress(res, answer))
        .catch(next);
    });
    return listen(app.listen(0, "127.0.0.1"));
  },
};
