import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { streamText } from "hono/streaming";
import { createSessions, info, login, logout, update } from "micropie";
import { honoSessions } from "micropie/adapters/hono";
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
    session: typeof sessions; // types every `c.var.session`
  }
}

const app = new Hono();
app.use(honoSessions(sessions));

app.get("/", (c) => {
  return c.html(page(c.var.session));
});

app.post("/count", async (c) => {
  await update(c.var.session, "visits", (visits = 0) => visits + 1);
  return c.redirect("/", 303);
});

app.post("/login", async (c) => {
  const name = String((await c.req.formData()).get("name"));
  const { session } = c.var;
  login(session, name); // a new id; the old one stops working
  session.name = name;
  session.device = deviceName(c.req.header("user-agent"));
  return c.redirect("/", 303);
});

app.post("/logout", (c) => {
  logout(c.var.session);
  return c.redirect("/", 303);
});

app.get("/devices", async (c) => {
  const { session } = c.var;
  const { userId } = info(session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
  return c.html(devicesPage(devices));
});

app.post("/end", async (c) => {
  const { userId } = info(c.var.session);
  const handle = String((await c.req.formData()).get("handle")); // from a form, so it can be anybody's
  const [device] = await sessions.list({ handle }).toArray();
  if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
  return c.redirect("/devices", 303);
});

app.post("/end-others", async (c) => {
  const { session } = c.var;
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  return c.redirect("/devices", 303);
});

app.post("/logout-everywhere", async (c) => {
  const { session } = c.var;
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  logout(session); // this session too, with its cookie
  return c.redirect("/", 303);
});

app.get("/stream", (c) => {
  const { session } = c.var;
  return streamText(c, async (stream) => {
    for (let part = 1; part <= 5; part++) {
      await stream.writeln(`part ${part}`);
      await stream.sleep(100);
    }
    session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
    await stream.writeln("end");
  });
});

const port = Number(process.env.PORT ?? 3000);
serve({ fetch: app.fetch, port, hostname: "localhost" }, () => tryThis("Hono", `http://localhost:${port}`));
