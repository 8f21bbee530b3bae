import formBody from "@fastify/formbody";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { fastifySessions } from "micropie/adapters/fastify";
import type { Running } from "./running.ts";
import type { SiteSessions } from "./sessions.ts";
import * as site from "./site.ts";

export function createApp(sessions: SiteSessions): FastifyInstance {
  const app = Fastify();
  app.register(formBody);
  app.register(fastifySessions(sessions));

  app.get("/", (request, reply) => send(reply, site.home(request.session)));
  app.get<{ Querystring: site.Form }>("/login", (request, reply) =>
    send(reply, site.signInForm(request.query)),
  );
  app.post<{ Body?: site.Form }>("/login", async (request, reply) =>
    send(reply, await site.signIn(request.session, request.body ?? {}, request.headers["user-agent"])),
  );
  app.post("/logout", (request, reply) => send(reply, site.signOut(request.session)));

  app.get("/devices", { preHandler: guard }, async (request, reply) =>
    send(reply, await site.devices(sessions, request.session)),
  );
  app.post<{ Body?: site.Form }>("/devices", { preHandler: guard }, async (request, reply) =>
    send(reply, await site.endDevices(sessions, request.session, request.body ?? {})),
  );
  return app;
}

/** Goes before each handler that needs a user. */
async function guard(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
  const answer = site.signInFirst(request.session, request.method, request.url);
  return answer && send(reply, answer);
}

function send(reply: FastifyReply, { status, headers, body }: site.Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body);
}

export async function serve(sessions: SiteSessions, port: number, host: string): Promise<Running> {
  const app = createApp(sessions);
  const url = await app.listen({ port, host });
  return { url, close: () => app.close() };
}
