import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fastifyCookie from "@fastify/cookie";
import fastifyExpressLike from "@fastify/middie";
import Fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import { BackendError, ConfigError, DataError, login, save } from "micropie";
import { fastifySessions } from "micropie/adapters/fastify";
import { nodeSessions } from "micropie/adapters/node";
import { gate } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { count, listen, newSessions, sessionOf } from "./_fastify-app.ts";
import { Wire } from "./_server.ts";

/** Compresses every text, as @fastify/compress does. */
function compress(app: FastifyInstance): void {
  app.addHook("onSend", async (_request, reply, payload) => {
    if (typeof payload !== "string" || reply.getHeader("content-encoding") !== undefined) return payload;
    reply.header("content-encoding", "gzip").removeHeader("content-length");
    return gzipSync(payload);
  });
}

const NOT_A_SCOPE = { [Symbol.for("skip-override")]: true };

describe.each([
  ["at once", false],
  ["later", true],
])("a store that answers %s", (_when, later) => {
  describe("a save that fails", () => {
    test("is the error handler's, with the error and its status, and nothing of the answer is left", async () => {
      const { store, sessions } = newSessions({}, later);
      const app = Fastify();
      const seen: unknown[] = [];
      app.register(fastifyCookie);
      app.register(fastifySessions(sessions));
      app.setErrorHandler((error, request, reply) => {
        seen.push(error, reply.statusCode, reply.getHeader("location"), request.url);
        return reply.header("x-page", "error").send({ oops: (error as BackendError).operation });
      });
      app.get("/", (request, reply) => {
        count(request);
        return reply
          .setCookie("theme", "dark")
          .header("etag", '"1"')
          .header("x-kept", "yes")
          .redirect("/next", 301);
      });
      const { jar } = await listen(app);
      store.fail(["create"]);
      const ann = jar();
      const { status, headers, setCookie, text } = await ann.get("/");
      expect([status, text]).toEqual([503, '{"oops":"create"}']);
      expect(setCookie).toEqual([]);
      expect(headers).toMatchObject({ "x-page": "error", "x-kept": "yes", "cache-control": "no-store" });
      expect([headers.location, headers.etag]).toEqual([undefined, undefined]);
      expect(headers.vary).toBe("Cookie");
      expect(seen).toEqual([expect.any(BackendError), 503, undefined, "/"]);
      store.mend();
      expect((await ann.get("/")).setCookie).toHaveLength(2);
    });

    test.each(["before", "after"])("is answered readably with a compressing hook %s ours", async (order) => {
      const { store, sessions } = newSessions({}, later);
      const app = Fastify();
      if (order === "before") compress(app);
      app.register(fastifySessions(sessions));
      if (order === "after") app.register(Object.assign(async () => compress(app), NOT_A_SCOPE));
      app.get("/", (request) => `visit ${count(request)}`.repeat(100));
      const { url } = await listen(app);
      store.fail(["create"]);
      const failed = await fetch(url);
      expect([failed.status, failed.headers.get("content-encoding")]).toEqual([503, "gzip"]);
      expect(await failed.json()).toMatchObject({ statusCode: 503 });
      store.mend();
      const saved = await fetch(url);
      expect([saved.status, saved.headers.get("content-encoding")]).toEqual([200, "gzip"]);
      expect(await saved.text()).toContain("visit 1");
      expect(saved.headers.getSetCookie()).toHaveLength(1);
    });

    test("throws away the trailers, too", async () => {
      const { store, sessions } = newSessions({}, later);
      const app = Fastify();
      app.register(fastifySessions(sessions));
      app.get("/", (request, reply) => {
        reply.trailer("x-sum", async () => "1");
        return reply.send(`${count(request)}`);
      });
      const { jar } = await listen(app);
      store.fail(["create"]);
      const { status, headers } = await jar().get("/");
      expect([status, headers.trailer]).toEqual([503, undefined]);
      store.mend();
      expect((await jar().get("/")).headers.trailer).toBe("x-sum");
    });

    test("lets go of a stream that was to be sent", async () => {
      const { store, sessions } = newSessions({}, later);
      const app = Fastify();
      const closed = gate();
      app.register(fastifySessions(sessions));
      app.get("/", (request, reply) => {
        count(request);
        const endless = new Readable({ read: () => void endless.push("x".repeat(1000)) });
        endless.on("close", () => closed.open());
        return reply.send(endless);
      });
      const { jar } = await listen(app);
      store.fail(["create"]);
      expect((await jar().get("/")).status).toBe(503);
      await closed.wait();
    });

    test("of a hijacked reply is answered by us, and logged", async () => {
      const { store, sessions } = newSessions({}, later);
      const logged: string[] = [];
      const app = Fastify({
        logger: { level: "error", stream: { write: (line) => void logged.push(line) } },
      });
      app.register(fastifySessions(sessions));
      app.get("/", (request, reply) => {
        count(request);
        reply.hijack();
        reply.raw.setHeader("etag", '"1"');
        reply.raw.write("a");
        reply.raw.end("b");
      });
      const { jar } = await listen(app);
      store.fail(["create"]);
      const { status, headers, text } = await jar().get("/");
      expect([status, text, headers.etag]).toEqual([503, "Service Unavailable", undefined]);
      expect(logged.join()).toContain("backend_failed");
    });

    test("a value that cannot be stored is a 500", async () => {
      const { sessions } = newSessions({}, later);
      const app = Fastify();
      const seen: unknown[] = [];
      app.register(fastifySessions(sessions));
      app.addHook("onError", async (_request, _reply, error) => void seen.push(error));
      app.get("/", (request) => {
        Object.assign(sessionOf(request), { wrong: () => 1 });
        return "never seen";
      });
      const { jar } = await listen(app);
      expect((await jar().get("/")).status).toBe(500);
      expect(seen).toEqual([expect.any(DataError)]);
    });

    test("that is the error handler's own goes on to the next error handler", async () => {
      const { store, sessions } = newSessions({}, later);
      const app = Fastify();
      app.register(fastifySessions(sessions));
      app.setErrorHandler((error, request, reply) => {
        sessionOf(request).name = "left by the error handler";
        return reply
          .code(302)
          .header("location", "/")
          .send((error as Error).message);
      });
      app.get("/", () => {
        throw new Error("the handler failed");
      });
      const { jar } = await listen(app);
      store.fail(["create"]);
      const { status, headers, text } = await jar().get("/");
      expect([status, headers.location]).toEqual([503, undefined]);
      expect(JSON.parse(text)).toMatchObject({ statusCode: 503 });
    });
  });

  describe("a session that cannot be read", () => {
    test.each(["rejects", "throws"])(
      "is the error handler's, and what that writes replaces no session (%s)",
      async (how) => {
        const { store, sessions } = newSessions({}, later);
        const app = Fastify();
        let handled = 0;
        app.register(fastifySessions(sessions));
        app.setErrorHandler((error, request, reply) => {
          const before = { ...sessionOf(request) };
          sessionOf(request).name = "left by the error handler";
          return reply.code((error as BackendError).status).send({ before });
        });
        app.get("/", (request) => {
          handled += 1;
          return `${count(request)}`;
        });
        const { jar } = await listen(app);
        const ann = jar();
        await ann.get("/");
        const { read } = store;
        if (how === "rejects") store.fail(["read"]);
        else {
          store.read = () => {
            throw new Error("the store is down");
          };
        }
        const { status, setCookie, text } = await ann.get("/");
        expect([status, text, setCookie, handled]).toEqual([503, '{"before":{}}', [], 1]);
        store.mend();
        store.read = read;
        expect((await ann.get("/")).text).toBe("2");
      },
    );
  });

  describe("a handler that throws", () => {
    const app = (answer: (reply: FastifyReply) => unknown) => {
      const { store, sessions } = newSessions({ userIdOf: (data) => data.name }, later);
      const made = Fastify();
      made.register(fastifySessions(sessions));
      made.setErrorHandler((_error, request, reply) => {
        sessionOf(request).visits = (sessionOf(request).visits ?? 0) + 10;
        return answer(reply);
      });
      made.get("/count", (request) => count(request));
      made.get("/read", (request) => ({ ...sessionOf(request) }));
      made.get("/refuse", (request) => {
        count(request);
        throw Object.assign(new Error("not for you"), { statusCode: 403 });
      });
      made.get("/login", async (request) => {
        login(sessionOf(request), "ann");
        throw new Error("too late");
      });
      made.get("/regenerate", async (request) => {
        await sessionOf(request).regenerate();
        sessionOf(request).name = "ann";
        throw new Error("too late");
      });
      made.get("/commit", async (request) => {
        count(request);
        await save(sessionOf(request));
        count(request);
        throw new Error("too late");
      });
      return { store, sessions, app: made };
    };

    test.each(["/refuse", "/login", "/regenerate"])(
      "%s saves nothing, but what the error handler changes",
      async (path) => {
        const { app: made, sessions } = app((reply) => reply.redirect("/read"));
        const { jar } = await listen(made);
        const ann = jar();
        await ann.get("/count");
        const { status, setCookie } = await ann.get(path);
        expect([status, setCookie]).toEqual([302, []]);
        expect((await ann.get("/read")).text).toBe('{"visits":11}');
        expect(await sessions.list({ userId: "ann" }).toArray()).toEqual([]);
      },
    );

    test("keeps what it committed itself, with its cookie", async () => {
      const { app: made } = app((reply) => reply.code(500).send("error"));
      const { jar } = await listen(made);
      const ann = jar();
      expect((await ann.get("/commit")).setCookie).toHaveLength(1);
      expect((await ann.get("/read")).text).toBe('{"visits":11}');
    });

    test("in a hook before or after it, or while it serializes, saves nothing either", async () => {
      const { store, sessions } = newSessions({}, later);
      const made = Fastify();
      made.register(fastifySessions(sessions));
      for (const hook of ["preHandler", "preSerialization", "onSend"] as const) {
        made.get(`/${hook}`, {
          [hook]: async (request: never) => {
            count(request);
            throw new Error(hook);
          },
          handler: (request) => ({ visits: count(request) }),
        });
      }
      made.get("/serialize", (request) => ({ visits: count(request), big: 1n }));
      const { jar } = await listen(made);
      for (const path of ["/preHandler", "/preSerialization", "/onSend", "/serialize"]) {
        const { status, setCookie } = await jar().get(path);
        expect([path, status, setCookie]).toEqual([path, 500, []]);
      }
      expect(store.calls).toEqual([]);
    });

    test("with half an answer on the raw response is answered in full if nothing has left", async () => {
      const { sessions } = newSessions({}, later);
      const made = Fastify();
      made.register(fastifySessions(sessions));
      made.get("/head", async (request, reply) => {
        count(request);
        reply.raw.writeHead(200, { "x-half": "1" });
        throw new Error("too late");
      });
      made.get("/part", async (request, reply) => {
        count(request);
        await new Promise((sent) => reply.raw.write("half of it", sent));
        throw new Error("too late");
      });
      const { jar } = await listen(made);
      const { status, headers, setCookie } = await jar().get("/head");
      expect([status, headers["x-half"], setCookie]).toEqual([500, undefined, []]);
      const ann = jar();
      const half = await ann.get("/part");
      expect([half.status, half.text, half.cut]).toEqual([200, "half of it", true]);
    });
  });

  describe("an answer of 500", () => {
    test("is one of a handler that failed if failedByStatus says so, as under Nest", async () => {
      const { store, sessions } = newSessions({}, later);
      const app = Fastify();
      app.register(fastifySessions(sessions, { failedByStatus: true }));
      app.get("/:status", (request, reply) => {
        const { status } = request.params as { status: string };
        return reply.code(Number(status)).send(`${count(request)}`);
      });
      const { jar } = await listen(app);
      expect((await jar().get("/500")).setCookie).toEqual([]);
      expect(store.calls).toEqual([]);
      expect((await jar().get("/400")).setCookie).toHaveLength(1);
      expect(() => fastifySessions(sessions, { failedByStatus: 1 as never })).toThrow(ConfigError);
    });

    test("that the handler itself sends is an answer, and is saved", async () => {
      const { sessions } = newSessions({}, later);
      const app = Fastify();
      app.register(fastifySessions(sessions));
      app.get("/", (request, reply) => reply.code(500).send(`${count(request)}`));
      const { jar } = await listen(app);
      const ann = jar();
      await ann.get("/");
      expect((await ann.get("/")).text).toBe("2");
    });
  });
});

test("the same sessions before Fastify, by another adapter, are refused by name, and no cookie is sent twice", async () => {
  const { store, sessions } = newSessions();
  const app = Fastify();
  const seen: unknown[] = [];
  await app.register(fastifyExpressLike);
  app.use(nodeSessions(sessions));
  app.register(fastifySessions(sessions));
  app.addHook("onError", async (_request, _reply, error) => void seen.push(error));
  app.get("/", (request) => {
    Object.assign(request.raw, { session: { visits: 1 } });
    return `${count(request)}`;
  });
  const { jar } = await listen(app);
  const { status, setCookie } = await jar().get("/");
  expect([status, setCookie, store.calls, seen]).toEqual([500, [], [], [expect.any(ConfigError)]]);
});

test("a client that leaves keeps its exclusive session until its route has answered, and what that stores stays", async () => {
  const { sessions } = newSessions({ lock: { wait: 60 } });
  const app = Fastify();
  const [go, gone, over] = [gate(), gate(), gate()];
  app.register(fastifySessions(sessions, { exclusive: true }));
  app.addHook("onSend", async (request) => void (request.url === "/slow" && over.open()));
  app.get("/count", (request) => count(request));
  app.get("/slow", async (request, reply) => {
    reply.raw.on("close", () => gone.open());
    await go.wait();
    return count(request);
  });
  const { port, jar } = await listen(app);
  const ann = jar();
  await ann.get("/count");
  const wire = new Wire(port, "/slow", { Cookie: `session_id=${ann.cookies.get("session_id")}` });
  await go.reached;
  wire.socket.destroy();
  await gone.wait();
  const next = ann.get("/count");
  go.open();
  await over.wait();
  expect((await next).text).toBe("3");
});
