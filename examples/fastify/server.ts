import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import Fastify from "fastify";
import { createSessions, info, login, logout, update } from "micropie";
import { fastifySessions } from "micropie/adapters/fastify";
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
    session: typeof sessions; // types every `request.session`
  }
}

const app = Fastify();
app.register(fastifySessions(sessions));
app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_, body, done) =>
  done(null, Object.fromEntries(new URLSearchParams(body as string))),
);

app.get("/", (request, reply) => {
  reply.type("text/html").send(page(request.session));
});

app.post("/count", async (request, reply) => {
  await update(request.session, "visits", (visits = 0) => visits + 1);
  return reply.redirect("/", 303);
});

app.post<{ Body: { name: string } }>("/login", async (request, reply) => {
  const { session } = request;
  login(session, request.body.name); // a new id; the old one stops working
  session.name = request.body.name;
  session.device = deviceName(request.headers["user-agent"]);
  return reply.redirect("/", 303);
});

app.post("/logout", async (request, reply) => {
  logout(request.session);
  return reply.redirect("/", 303);
});

app.get("/devices", async (request, reply) => {
  const { session } = request;
  const { userId } = info(session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
  return reply.type("text/html").send(devicesPage(devices));
});

app.post<{ Body: { handle: string } }>("/end", async (request, reply) => {
  const { userId } = info(request.session);
  const { handle } = request.body; // from a form, so it can be anybody's
  const [device] = await sessions.list({ handle }).toArray();
  if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
  return reply.redirect("/devices", 303);
});

app.post("/end-others", async (request, reply) => {
  const { session } = request;
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  return reply.redirect("/devices", 303);
});

app.post("/logout-everywhere", async (request, reply) => {
  const { session } = request;
  const { userId } = info(session);
  if (userId !== undefined) await sessions.revoke({ userId, except: session });
  logout(session); // this session too, with its cookie
  return reply.redirect("/", 303);
});

app.get("/stream", (request, reply) => {
  const { session } = request;
  async function* parts() {
    for (let part = 1; part <= 5; part++) {
      yield `part ${part}\n`;
      await sleep(100);
    }
    session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
    yield "end\n";
  }
  reply.type("text/plain").send(Readable.from(parts()));
});

const port = Number(process.env.PORT ?? 3000);
await app.listen({ port, host: "localhost" });
tryThis("Fastify", `http://localhost:${port}`);
