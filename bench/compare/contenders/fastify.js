/** micropie's adapter on Fastify 5. */
import fastify from "fastify";
import { fastifySessions } from "micropie/adapters/fastify";
import { answerOnFastify } from "../answers/fastify.js";
import { facade, ours } from "../own.js";
import { listen } from "../serve.js";

export default {
  name: "micropie fastify",
  kind: "micropie",
  on: "fastify",
  packages: ["fastify"],
  own: true,

  async start(store, application, settings) {
    const sessions = ours(store, settings);
    const app = fastify({ logger: false });
    await app.register(fastifySessions(sessions));
    app.get("/*", async (request, reply) =>
      answerOnFastify(reply, await application.answer(request.url, facade(request, sessions))),
    );
    await app.listen({ port: 0, host: "127.0.0.1" });
    return listen(app.server);
  },
};
