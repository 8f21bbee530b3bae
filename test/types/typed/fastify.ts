import Fastify, { type FastifyPluginAsync } from "fastify";
import { login, logout, update } from "micropie";
import { fastifySessions } from "micropie/adapters/fastify";
import { sessions } from "./sessions.ts";

const app = Fastify();
app.register(
  fastifySessions(sessions, {
    skip: process.env.HEALTH ? ["/health"] : undefined,
    failedByStatus: process.env.NEST ? true : undefined,
  }),
);
app.get("/", (request) => {
  request.session.visits = (request.session.visits ?? 0) + 1;
  return `${request.session.visits}`;
});
app.post<{ Body: { name: string } }>("/login", (request, reply) => {
  login(request.session, request.body.name);
  return reply.redirect("/");
});

export const routes: FastifyPluginAsync = async (scope) => {
  scope.addHook("preHandler", async ({ session }) => {
    session.cart?.push("apple");
    session.set("visits", session.cookie.maxAge ?? 0);
    await update(session, "visits", (visits = 0) => visits + 1);
  });
  scope.post("/logout", async (request) => {
    logout(request.session);
    // @ts-expect-error misspelt
    request.session.visit;
    request.session = { visits: 1 };
    request.session = null;
    return "bye";
  });
};
app.register(routes);
