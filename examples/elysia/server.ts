import { setTimeout as sleep } from "node:timers/promises";
import { Elysia } from "elysia";
import { createSessions, info, login, logout, update } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import { serve } from "srvx";
import { deviceName } from "../device.ts";
import { devicesPage, page, tryThis } from "../page.ts";

interface Data {
  visits: number;
  name: string;
  device: string;
  streamed: number;
}

const sessions = createSessions<Data>();
// Elysia's own `redirect` needs an absolute URL on Node.
const seeOther = (location = "/") => new Response(null, { status: 303, headers: { location } });

const app = new Elysia()
  .use(elysiaSessions(sessions))
  .get("/", ({ session, set }) => {
    set.headers["content-type"] = "text/html; charset=utf-8";
    return page(session);
  })
  .post("/count", async ({ session }) => {
    await update(session, "visits", (visits = 0) => visits + 1);
    return seeOther();
  })
  .post("/login", ({ session, body, headers }) => {
    const { name } = body as { name: string };
    login(session, name); // a new id; the old one stops working
    session.name = name;
    session.device = deviceName(headers["user-agent"]);
    return seeOther();
  })
  .post("/logout", ({ session }) => {
    logout(session);
    return seeOther();
  })
  .get("/devices", async ({ session, set }) => {
    const { userId } = info(session);
    const devices =
      userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
    set.headers["content-type"] = "text/html; charset=utf-8";
    return devicesPage(devices);
  })
  .post("/end", async ({ session, body }) => {
    const { userId } = info(session);
    const { handle } = body as { handle: string }; // from a form, so it can be anybody's
    const [device] = await sessions.list({ handle }).toArray();
    if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
    return seeOther("/devices");
  })
  .post("/end-others", async ({ session }) => {
    const { userId } = info(session);
    if (userId !== undefined) await sessions.revoke({ userId, except: session });
    return seeOther("/devices");
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
