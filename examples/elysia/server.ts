import { setTimeout as sleep } from "node:timers/promises";
import { Elysia } from "elysia";
import { createSessions, info, login, logout, update } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import { serve } from "srvx";
import { page, tryThis } from "../page.ts";

interface Data {
  visits: number;
  name: string;
  streamed: number;
}

const sessions = createSessions<Data>();
// Elysia's own `redirect` needs an absolute URL on Node.
const seeOther = () => new Response(null, { status: 303, headers: { location: "/" } });

const app = new Elysia()
  .use(elysiaSessions(sessions))
  .get("/", ({ session, set }) => {
    set.headers["content-type"] = "text/html; charset=utf-8";
    return page(session.visits ?? 0, session.name);
  })
  .post("/count", async ({ session }) => {
    await update(session, "visits", (visits = 0) => visits + 1);
    return seeOther();
  })
  .post("/login", ({ session, body }) => {
    const { name } = body as { name: string };
    login(session, name); // a new id; the old one stops working
    session.name = name;
    return seeOther();
  })
  .post("/logout", ({ session }) => {
    logout(session);
    return seeOther();
  })
  .get("/devices", async ({ session }) => {
    const { userId, handle } = info(session);
    const devices = userId === undefined ? [] : await sessions.list({ userId }).toArray();
    return devices.map((device) => ({ handle: device.handle, current: device.handle === handle }));
  })
  .post("/logout-everywhere", async ({ session }) => {
    const { userId } = info(session);
    if (userId !== undefined) await sessions.revoke({ userId, except: session });
    logout(session); // this session too, with its cookie
    return seeOther();
  })
  .get("/stream", async function* ({ session }) {
    for (let part = 1; part <= 5; part++) {
      yield `part ${part}\n`;
      await sleep(100);
    }
    session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
    yield "end\n";
  });

// On Bun: app.listen(port).
const port = Number(process.env.PORT ?? 3000);
await serve({ fetch: app.fetch, port, hostname: "localhost", silent: true }).ready();
tryThis("Elysia", `http://localhost:${port}`);
