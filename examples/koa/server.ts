import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import Koa, { type Context } from "koa";
import { createSessions, info, login, logout, update } from "micropie";
import { koaSessions } from "micropie/adapters/koa";
import { page, tryThis } from "../page.ts";

interface Data {
  visits: number;
  name: string;
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
    const { visits = 0, name } = ctx.session;
    ctx.type = "html";
    ctx.body = page(visits, name);
  },

  async "POST /count"(ctx) {
    await update(ctx.session, "visits", (visits = 0) => visits + 1);
    seeOther(ctx);
  },

  async "POST /login"(ctx) {
    const name = new URLSearchParams(await text(ctx.req)).get("name") ?? "";
    login(ctx.session, name); // a new id; the old one stops working
    ctx.session.name = name;
    seeOther(ctx);
  },

  "POST /logout"(ctx) {
    logout(ctx.session);
    seeOther(ctx);
  },

  async "GET /devices"(ctx) {
    const { userId, handle } = info(ctx.session);
    const devices = userId === undefined ? [] : await sessions.list({ userId }).toArray();
    ctx.body = devices.map((device) => ({ handle: device.handle, current: device.handle === handle }));
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

function seeOther(ctx: Context): void {
  ctx.redirect("/");
  ctx.status = 303;
}

app.use((ctx) => routes[`${ctx.method} ${ctx.path}`]?.(ctx));

const port = Number(process.env.PORT ?? 3000);
app.listen(port, "localhost", () => tryThis("Koa", `http://localhost:${port}`));
