import { setTimeout as sleep } from "node:timers/promises";
import { H3, redirect, serve } from "h3";
import { createSessions, info, login, logout, update } from "micropie";
import { h3Sessions } from "micropie/adapters/h3";
import { page, tryThis } from "../page.ts";

interface Data {
  visits: number;
  name: string;
  streamed: number;
}

const sessions = createSessions<Data>();
declare module "micropie" {
  interface Register {
    session: typeof sessions; // types every `event.context.session`
  }
}

const app = new H3().use(h3Sessions(sessions));

app.get("/", ({ context, res }) => {
  const { visits = 0, name } = context.session;
  res.headers.set("content-type", "text/html; charset=utf-8");
  return page(visits, name);
});

app.post("/count", async ({ context }) => {
  await update(context.session, "visits", (visits = 0) => visits + 1);
  return redirect("/", 303);
});

app.post("/login", async ({ context: { session }, req }) => {
  const name = String((await req.formData()).get("name"));
  login(session, name); // a new id; the old one stops working
  session.name = name;
  return redirect("/", 303);
});

app.post("/logout", ({ context }) => {
  logout(context.session);
  return redirect("/", 303);
});

app.get("/devices", async ({ context }) => {
  const { userId, handle } = info(context.session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }).toArray();
  return devices.map((device) => ({ handle: device.handle, current: device.handle === handle }));
});

app.post("/logout-everywhere", async ({ context: { session } }) => {
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  logout(session); // this session too, with its cookie
  return redirect("/", 303);
});

app.get("/stream", ({ context: { session } }) => {
  const { readable, writable } = new TextEncoderStream();
  async function write() {
    const writer = writable.getWriter();
    for (let part = 1; part <= 5; part++) {
      await writer.write(`part ${part}\n`);
      await sleep(100);
    }
    session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
    await writer.write("end\n");
    await writer.close();
  }
  void write().catch(() => {}); // the client has disconnected
  return readable;
});

const port = Number(process.env.PORT ?? 3000);
await serve(app, { port, hostname: "localhost", silent: true }).ready();
tryThis("h3", `http://localhost:${port}`);
