/**
 * A program from its start to its first answer, which it asks for itself: a route that counts. Reports the ms since the process began, and
 * its CPU time.
 */
import { createServer, get } from "node:http";

function counts(session) {
  session.visits = (session.visits ?? 0) + 1;
  return { visits: session.visits };
}
const SECRET = "a secret of the bench, of more than thirty-two characters";

const PROGRAMS = {
  "node, no session": () => createServer((_req, res) => res.end(JSON.stringify({ visits: 1 }))),
  async "node + micropie"() {
    const { createSessions } = await import("micropie");
    const { nodeSessions } = await import("micropie/adapters/node");
    return createServer(
      nodeSessions(createSessions(), (req, res) => res.end(JSON.stringify(counts(req.session)))),
    );
  },
  async "micropie App"() {
    const { App } = await import("micropie");
    class Counter extends App {
      index() {
        return counts(this.request.session);
      }
    }
    const app = new Counter();
    return {
      listen: async (port, hostname, ready) =>
        ready((await app.serve({ port, hostname, signals: false })).port),
    };
  },
  async "express, no session"() {
    const { default: express } = await import("express");
    return createServer(express().get("/", (_req, res) => void res.json({ visits: 1 })));
  },
  async "express + micropie"() {
    const { default: express } = await import("express");
    const { createSessions } = await import("micropie");
    const { expressSessions } = await import("micropie/adapters/express");
    const app = express();
    app.use(expressSessions(createSessions()));
    return createServer(app.get("/", (req, res) => void res.json(counts(req.session))));
  },
  async "express + express-session"() {
    const { default: express } = await import("express");
    const { default: session } = await import("express-session");
    const app = express();
    app.use(session({ secret: SECRET, resave: false, saveUninitialized: false }));
    return createServer(app.get("/", (req, res) => void res.json(counts(req.session))));
  },
};

const server = await PROGRAMS[process.argv[2]]();
server.listen(0, "127.0.0.1", (given) => {
  get({ port: given ?? server.address().port, host: "127.0.0.1", agent: false }, (res) => {
    res.resume();
    res.on("end", () => {
      const { user, system } = process.cpuUsage();
      process.send({ ms: performance.now(), cpu: (user + system) / 1000, status: res.statusCode }, () =>
        process.exit(),
      );
    });
  });
});
