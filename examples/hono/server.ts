import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { streamText } from "hono/streaming";
import { createSessions, info, login, logout, update } from "micropie";
import { honoSessions } from "micropie/adapters/hono";
import { page, tryThis } from "../page.ts";

interface Data {
  visits: number;
  name: string;
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
  const { visits = 0, name } = c.var.session;
  return c.html(page(visits, name));
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
  return c.redirect("/", 303);
});

app.post("/logout", (c) => {
  logout(c.var.session);
  return c.redirect("/", 303);
});

app.get("/devices", async (c) => {
  const { userId, handle } = info(c.var.session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }).toArray();
  return c.json(devices.map((device) => ({ handle: device.handle, current: device.handle === handle })));
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
