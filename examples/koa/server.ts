import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import Koa, { type Context } from "koa";
import { createSessions, info, login, logout, update } from "micropie";
import { koaSessions } from "micropie/adapters/koa";
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
    session: typeof sessions; // types every `ctx.session`
  }
}

const app = new Koa();
app.use(koaSessions(sessions));

const routes: Record<string, (ctx: Context) => unknown> = {
  "GET /"(ctx) {
    ctx.type = "html";
    ctx.body = page(ctx.session);
  },

  async "POST /count"(ctx) {
    await update(ctx.session, "visits", (visits = 0) => visits + 1);
    seeOther(ctx);
  },

  async "POST /login"(ctx) {
    const name = new URLSearchParams(await text(ctx.req)).get("name") ?? "";
    login(ctx.session, name); // a new id; the old one stops working
    ctx.session.name = name;
    ctx.session.device = deviceName(ctx.get("user-agent"));
    seeOther(ctx);
  },

  "POST /logout"(ctx) {
    logout(ctx.session);
    seeOther(ctx);
  },

  async "GET /devices"(ctx) {
    const { session } = ctx;
    const { userId } = info(session);
    const devices =
      userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
    ctx.type = "html";
    ctx.body = devicesPage(devices);
  },

  async "POST /end"(ctx) {
    const { userId } = info(ctx.session);
    const handle = new URLSearchParams(await text(ctx.req)).get("handle") ?? ""; // from a form: it can be anybody's
    const [device] = await sessions.list({ handle }).toArray();
    if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
    seeOther(ctx, "/devices");
  },

  async "POST /end-others"(ctx) {
    const { userId } = info(ctx.session);
    if (userId !== undefined) await sessions.revoke({ userId, except: ctx.session });
    seeOther(ctx, "/devices");
  },

  async "POST /logout-everywhere"(ctx) {
    const { userId } = info(ctx.session);
    if (userId !== undefined) await sessions.revoke({ userId, except: ctx.session });
    logout(ctx.session); // this session too, with its cookie
    seeOther(ctx);
  },

  "GET /stream"(ctx) {
    const { session } = ctx;
    async function* parts() {
      for (let part = 1; part <= 5; part++) {
        yield `part ${part}\n`;
        await sleep(100);
      }
      session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
      yield "end\n";
    }
    ctx.type = "text";
    ctx.body = Readable.from(parts());
  },
};

function seeOther(ctx: Context, path = "/"): void {
  ctx.redirect(path);
  ctx.status = 303;
}

app.use((ctx) => routes[`${ctx.method} ${ctx.path}`]?.(ctx));

const port = Number(process.env.PORT ?? 3000);
app.listen(port, "localhost", () => tryThis("Koa", `http://localhost:${port}`));
