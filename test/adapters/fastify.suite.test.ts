import { Readable } from "node:stream";
import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import type { Session } from "micropie";
import { fastifySessions } from "micropie/adapters/fastify";
import { type AdapterSuiteOptions, adapterSuite, type DemoAnswer, type DemoData } from "micropie/testing";
import { describe, test } from "vitest";
import { optionCases } from "./_option-cases.ts";
import { type StartMounted, useOptions } from "./_option-site.ts";

const parts = (): Readable => Readable.from(["a", "b", "c"]);

/**
 * Each of Fastify's ways to answer, but for those that the demonstration application has, and those that Fastify itself
 * gets wrong for HEAD.
 */
const ways: Record<string, (reply: FastifyReply, visits: number) => unknown> = {
  "/way/return-text": (_, visits) => `${visits}`,
  "/way/return-object": (_, visits) => ({ visits }),
  "/way/send-without-return": (reply, visits) => void reply.send({ visits }),
  "/way/buffer": (reply, visits) => reply.send(Buffer.from(`${visits}`)),
  "/way/bytes": (_, visits) => new Uint8Array(visits),
  "/way/web-stream": (reply) => reply.send(new Blob(["abc"]).stream()),
  "/way/stream": (reply) => reply.type("text/plain").send(parts()),
  "/way/redirect": (reply, visits) => reply.redirect(`/read?${visits}`, 307),
  "/way/redirect-without-return": (reply, visits) => void reply.redirect(`/read?${visits}`),
  "/way/nothing": () => undefined,
  "/way/null": (reply) => reply.code(204).send(null),
  "/way/hijack": (reply, visits) => {
    reply.hijack();
    reply.raw.writeHead(200, { "content-type": "text/plain" });
    reply.raw.end(`${visits}`);
  },
  "/way/hijack-pipe": (reply) => {
    reply.hijack();
    parts().pipe(reply.raw);
  },
  "/way/raw-write": (reply) => {
    reply.raw.write("a");
    reply.raw.end("b");
    return reply;
  },
  "/way/raw-flush-headers": (reply) => {
    reply.raw.flushHeaders();
    reply.raw.end("flushed");
    return reply;
  },
};

type Req = FastifyRequest & { session: Session<DemoData> };

function respond(path: string, request: Req, reply: FastifyReply): unknown {
  request.session.visits = (request.session.visits ?? 0) + 1;
  return ways[path]!(reply, request.session.visits);
}

function answerWith(reply: FastifyReply, { status, headers, body }: DemoAnswer): FastifyReply {
  reply.code(status).headers(headers);
  return reply.send(typeof body === "object" ? Readable.from(body) : body);
}

const start: AdapterSuiteOptions["start"] = async (sessions, demo) => {
  const app = Fastify({ exposeHeadRoutes: true });
  app.register(fastifySessions(sessions));
  app.get("/*", async (plain, reply) => {
    const request = plain as Req;
    const path = request.url.split("?", 1)[0]!;
    if (path in ways) return respond(path, request, reply);
    const answer = await demo({
      path,
      get session() {
        return request.session;
      },
      set session(data) {
        request.session = data;
      },
    });
    return answerWith(reply, answer);
  });
  app.post("/*", async (plain, reply) =>
    answerWith(reply, await demo({ path: plain.url, session: (plain as Req).session })),
  );
  return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
};

describe("fastifySessions", () => {
  for (const { name, run } of adapterSuite({ start, ways: Object.keys(ways) })) test(name, run);
});

const startMounted: StartMounted = async (mounts, demo) => {
  const app = Fastify();
  for (const { sessions, options } of mounts) {
    const made = useOptions<FastifyRequest>(options, ({ url }) => url.split("?", 1)[0]!);
    app.register(fastifySessions(sessions, made));
  }
  app.all("/*", async (request, reply) => {
    const answer = await demo({
      path: request.url.split("?", 1)[0]!,
      session: (as) => request.getDecorator<Session<DemoData>>(as),
    });
    return answerWith(reply, answer);
  });
  return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
};

describe("options of fastifySessions", () => {
  for (const { name, run } of optionCases(startMounted)) test(name, run);
});
