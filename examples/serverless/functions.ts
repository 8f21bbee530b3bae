/**
 * One counter in functions of a serverless host, three times: Express, Fastify and a fetch handler. Deploy one of the
 * exports; with `npx micropie examples/serverless/functions.ts` the fetch handler runs here.
 */
import { configure } from "@codegenie/serverless-express";
import express from "express";
import Fastify from "fastify";
import { createSessions, type Session, type SessionBackend, update } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";
import { fetchSessions } from "micropie/adapters/fetch";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import serverlessHttp from "serverless-http";

const sessionsOn = (backend: SessionBackend) => createSessions<{ visits: number }>({ backend });
declare module "micropie" {
  interface Register {
    session: ReturnType<typeof sessionsOn>;
  }
}

async function count(session: Session) {
  // Stored before the answer, whichever instances have requests of this session.
  return `visit ${await update(session, "visits", (visits = 0) => visits + 1)}`;
}

/** Made once for each instance, outside the functions, so that requests share the connections of the back-end. */
export function functionsOn(backend: SessionBackend) {
  const sessions = sessionsOn(backend);

  const onExpress = express().use(expressSessions(sessions));
  onExpress.get("/", async (req, res) => {
    res.send(await count(req.session));
  });

  const onFastify = Fastify();
  onFastify.register(fastifySessions(sessions));
  onFastify.get("/", ({ session }) => count(session));

  return {
    /** Amazon's Lambda, by serverless-http. */
    express: serverlessHttp(onExpress),
    /** Amazon's Lambda, by @codegenie/serverless-express. */
    fastify: configure({
      app: async (req, res) => {
        await onFastify.ready();
        onFastify.routing(req, res);
      },
    }),
    /** A host that takes a fetch handler. */
    fetch: fetchSessions(sessions, async (_, session) => new Response(await count(session))),
  };
}

// A file stands for the database that all instances reach; the page says what to take instead.
export const {
  express: handler,
  fastify,
  fetch,
} = functionsOn(new SqliteSessionBackend(process.env.SESSIONS ?? ":memory:"));
export default { fetch };
