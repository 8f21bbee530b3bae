import express from "express";
import { createSessions, info, login, logout, update } from "micropie";
import { expressSessions } from "micropie/adapters/express";
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
    session: typeof sessions; // types every `req.session`
  }
}

const app = express();
app.use(expressSessions(sessions));
app.use(express.urlencoded({ extended: false }));

app.get("/", (req, res) => {
  res.send(page(req.session));
});

app.post("/count", async (req, res) => {
  await update(req.session, "visits", (visits = 0) => visits + 1);
  res.redirect(303, "/");
});

app.post("/login", (req, res) => {
  const name = String(req.body.name);
  const { session } = req;
  login(session, name); // a new id; the old one stops working
  session.name = name;
  session.device = deviceName(req.get("user-agent"));
  res.redirect(303, "/");
});

app.post("/logout", (req, res) => {
  logout(req.session);
  res.redirect(303, "/");
});

app.get("/devices", async (req, res) => {
  const { session } = req;
  const { userId } = info(session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
  res.send(devicesPage(devices));
});

app.post("/end", async (req, res) => {
  const { userId } = info(req.session);
  const handle = String(req.body.handle); // from a form, so it can be anybody's
  const [device] = await sessions.list({ handle }).toArray();
  if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
  res.redirect(303, "/devices");
});

app.post("/end-others", async (req, res) => {
  const { userId } = info(req.session);
  if (userId !== undefined) await sessions.revoke({ userId, except: req.session });
  res.redirect(303, "/devices");
});

app.post("/logout-everywhere", async (req, res) => {
  const { session } = req;
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  logout(session); // this session too, with its cookie
  res.redirect(303, "/");
});

app.get("/stream", async (req, res) => {
  const { session } = req;
  res.type("text/plain");
  for (let part = 1; part <= 5; part++) {
    res.write(`part ${part}\n`);
    await new Promise((done) => setTimeout(done, 100));
  }
  session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
  res.end("end\n");
});

const port = Number(process.env.PORT ?? 3000);
app.listen(port, "localhost", () => tryThis("Express", `http://localhost:${port}`));
