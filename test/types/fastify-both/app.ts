import Fastify from "fastify";
import "@fastify/session";
import { createSessions, info, login, logout, update } from "micropie";
import { fastifySessions } from "micropie/adapters/fastify";

const sessions = createSessions<{ visits: number }>();

// What @fastify/session says of `request.session` stands.
declare module "fastify" {
  interface Session {
    visits?: number;
  }
}
declare module "micropie" {
  interface Register {
    session: typeof sessions;
  }
}

const app = Fastify();
app.register(fastifySessions(sessions));
app.get("/", async (request) => {
  request.session.visits = (request.session.visits ?? 0) + 1;
  request.session.get("visits");
  login(request.session, "ann");
  await update(request.session, "visits", (visits = 0) => visits + 1);
  logout(request.session);
  return info(request.session).userId;
});
