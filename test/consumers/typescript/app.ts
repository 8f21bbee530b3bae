import express from "express";
import { info, type Sessions } from "micropie";
import { type ExpressRequest, expressSessions } from "micropie/adapters/express";

export interface Data {
  visits: number;
}

export function makeApp(sessions: Sessions<Data>): express.Express {
  const app = express();
  app.use(expressSessions(sessions));
  app.get("/me", (req: ExpressRequest<Data, express.Request>, res) => {
    const { userId } = info(req.session);
    if (userId === undefined) res.sendStatus(401);
    else res.send(`hello ${userId}`);
  });
  return app;
}
