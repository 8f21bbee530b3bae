import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { createSessions, info, login, logout, update } from "micropie";
import { nodeSessions, type RequestWithSession } from "micropie/adapters/node";
import { deviceName } from "../device.ts";
import { devicesPage, page, tryThis } from "../page.ts";

interface Data {
  visits: number;
  name: string;
  device: string;
  streamed: number;
}
const sessions = createSessions<Data>();
declare module "micropie" {
  interface Register {
    session: typeof sessions; // types every `RequestWithSession`
  }
}

type Handler = (req: RequestWithSession, res: ServerResponse<IncomingMessage>) => unknown;

const routes: Record<string, Handler> = {
  "GET /"({ session }, res) {
    res.setHeader("content-type", "text/html");
    res.end(page(session));
  },

  async "POST /count"({ session }, res) {
    await update(session, "visits", (visits = 0) => visits + 1);
    seeOther(res);
  },

  async "POST /login"(req, res) {
    const name = new URLSearchParams(await text(req)).get("name") ?? "";
    login(req.session, name); // a new id; the old one stops working
    req.session.name = name;
    req.session.device = deviceName(req.headers["user-agent"]);
    seeOther(res);
  },

  "POST /logout"({ session }, res) {
    logout(session);
    seeOther(res);
  },

  async "GET /devices"({ session }, res) {
    const { userId } = info(session);
    const devices =
      userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
    res.setHeader("content-type", "text/html");
    res.end(devicesPage(devices));
  },

  async "POST /end"(req, res) {
    const { userId } = info(req.session);
    const handle = new URLSearchParams(await text(req)).get("handle") ?? ""; // from a form, so it can be anybody's
    const [device] = await sessions.list({ handle }).toArray();
    if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
    seeOther(res, "/devices");
  },

  async "POST /end-others"({ session }, res) {
    const { userId } = info(session);
    if (userId !== undefined) await sessions.revoke({ userId, except: session });
    seeOther(res, "/devices");
  },

  async "POST /logout-everywhere"({ session }, res) {
    const { userId } = info(session);
    if (userId !== undefined) await sessions.revoke({ userId, except: session });
    logout(session); // this session too, with its cookie
    seeOther(res);
  },

  async "GET /stream"({ session }, res) {
    res.setHeader("content-type", "text/plain");
    for (let part = 1; part <= 5; part++) {
      res.write(`part ${part}\n`);
      await sleep(100);
    }
    session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
    res.end("end\n");
  },
};

function seeOther(res: ServerResponse, location = "/"): void {
  res.writeHead(303, { location }).end();
}

const handler = nodeSessions(sessions, (req, res) => {
  const route = routes[`${req.method} ${req.url}`];
  return route === undefined ? res.writeHead(404).end("Not here.") : route(req, res);
});

const port = Number(process.env.PORT ?? 3000);
createServer(handler).listen(port, "localhost", () => tryThis("node:http", `http://localhost:${port}`));
