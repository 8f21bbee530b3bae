/** micropie's adapter on Fastify 5. */
import fastify from "fastify";
import { fastifySessions } from "micropie/adapters/fastify";
import { answerOnFastify } from "../answers/fastify.js";
import { facade, ours } from "../own.js";
import { listen } from "../serve.js";

export default {
  name: "micropie fastify",
  on: "fastify",
  packages: ["fastify"],
  own: true,

  async start(store, application) {
    const app = fastify({ logger: false });
    await app.register(fastifySessions(ours(store)));
    app.get("/*", async (request, reply) =>
      answerOnFastify(reply, await application.answer(request.url, facade(request))),
    );
    await app.listen({ port: 0, host: "127.0.0.1" });
    return listen(app.server);
  },
};
