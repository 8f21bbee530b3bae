import Fastify from "fastify";
import { createSessions, login } from "micropie";
import { fastifySessions } from "micropie/adapters/fastify";

const app = Fastify();
app.register(fastifySessions(createSessions()));
app.get("/", ({ session }) => {
  session.visits = (session.visits ?? 0) + 1;
  session.set("theme", "dark");
  login(session, "ann");
  return session.visits;
});
