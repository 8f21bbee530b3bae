import { setTimeout as sleep } from "node:timers/promises";
import { H3, redirect, serve } from "h3";
import { createSessions, info, login, logout, update } from "micropie";
import { h3Sessions } from "micropie/adapters/h3";
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
    session: typeof sessions; // types every `event.context.session`
  }
}

const app = new H3().use(h3Sessions(sessions));

app.get("/", ({ context, res }) => {
  res.headers.set("content-type", "text/html; charset=utf-8");
  return page(context.session);
});

app.post("/count", async ({ context }) => {
  await update(context.session, "visits", (visits = 0) => visits + 1);
  return redirect("/", 303);
});

app.post("/login", async ({ context: { session }, req }) => {
  const name = String((await req.formData()).get("name"));
  login(session, name); // a new id; the old one stops working
  session.name = name;
  session.device = deviceName(req.headers.get("user-agent"));
  return redirect("/", 303);
});

app.post("/logout", ({ context }) => {
  logout(context.session);
  return redirect("/", 303);
});

app.get("/devices", async ({ context: { session }, res }) => {
  const { userId } = info(session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
  res.headers.set("content-type", "text/html; charset=utf-8");
  return devicesPage(devices);
});

app.post("/end", async ({ context, req }) => {
  const { userId } = info(context.session);
  const handle = String((await req.formData()).get("handle")); // from a form, so it can be anybody's
  const [device] = await sessions.list({ handle }).toArray();
  if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
  return redirect("/devices", 303);
});

app.post("/end-others", async ({ context: { session } }) => {
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  return redirect("/devices", 303);
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
