import { setTimeout as sleep } from "node:timers/promises";
import { H3, type H3Event, redirect, serve } from "h3";
import { createSessions, info, login, logout, update } from "micropie";
import { h3Sessions, sessionOf } from "micropie/adapters/h3";
import { page, tryThis } from "../page.ts";

interface Data {
  visits: number;
  name: string;
  streamed: number;
}

const sessions = createSessions<Data>();
const app = new H3().use(h3Sessions(sessions));
const session = (event: H3Event) => sessionOf(event, sessions);

app.get("/", (event) => {
  const { visits = 0, name } = session(event);
  event.res.headers.set("content-type", "text/html; charset=utf-8");
  return page(visits, name);
});

app.post("/count", async (event) => {
  await update(session(event), "visits", (visits = 0) => visits + 1);
  return redirect("/", 303);
});

app.post("/login", async (event) => {
  const name = String((await event.req.formData()).get("name"));
  login(session(event), name); // a new id; the old one stops working
  session(event).name = name;
  return redirect("/", 303);
});

app.post("/logout", (event) => {
  logout(session(event));
  return redirect("/", 303);
});

app.get("/devices", async (event) => {
  const { userId, handle } = info(session(event));
  const devices = userId === undefined ? [] : await sessions.list({ userId }).toArray();
  return devices.map((device) => ({ handle: device.handle, current: device.handle === handle }));
});

app.post("/logout-everywhere", async (event) => {
  const { userId } = info(session(event));
  if (userId !== undefined) await sessions.revoke({ userId, except: session(event) });
  logout(session(event)); // this session too, with its cookie
  return redirect("/", 303);
});

app.get("/stream", (event) => {
  const { readable, writable } = new TextEncoderStream();
  async function write() {
    const writer = writable.getWriter();
    for (let part = 1; part <= 5; part++) {
      await writer.write(`part ${part}\n`);
      await sleep(100);
    }
    session(event).streamed = (session(event).streamed ?? 0) + 1; // saved when the stream ends
    await writer.write("end\n");
    await writer.close();
  }
  void write().catch(() => {}); // the client has disconnected
  return readable;
});

const port = Number(process.env.PORT ?? 3000);
await serve(app, { port, hostname: "localhost", silent: true }).ready();
tryThis("h3", `http://localhost:${port}`);
