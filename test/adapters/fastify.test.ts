import { once } from "node:events";
import { connect } from "node:http2";
import { PassThrough, Readable } from "node:stream";
import fastifyCookie from "@fastify/cookie";
import fastifyExpressLike from "@fastify/middie";
import fastifySession from "@fastify/session";
import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import { ConfigError, logout, rotate, StateError } from "micropie";
import { type FastifySession, fastifySessions } from "micropie/adapters/fastify";
import { gate } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { count, type Data, listen, newSessions, sessionOf } from "./_fastify-app.ts";
import { Wire } from "./_server.ts";

describe("scopes", () => {
  test("a session belongs to the scope that registers it and those inside, and to nothing else", async () => {
    const { store, sessions } = newSessions();
    const app = Fastify();
    app.register(async (inner) => {
      inner.register(fastifySessions(sessions));
      inner.get("/in", (request) => count(request));
      inner.register(async (deep) => {
        deep.get("/deep", (request) => count(request));
      });
    });
    app.register(async (sibling) => {
      sibling.get("/beside", (request) => ({ has: "session" in request }));
    });
    app.get("/out", (request) => ({ has: "session" in request }));
    const { jar } = await listen(app);
    const ann = jar();
    expect([(await ann.get("/in")).text, (await ann.get("/deep")).text]).toEqual(["1", "2"]);
    store.forget();
    for (const path of ["/out", "/beside", "/nowhere"]) {
      const { headers, setCookie, text } = await ann.get(path);
      expect([headers.vary, setCookie], path).toEqual([undefined, []]);
      if (path !== "/nowhere") expect(text).toBe('{"has":false}');
    }
    expect(store.calls).toEqual([]);
  });

  test("routes that were added before, and the page for what is not found, have it, too", async () => {
    const { sessions } = newSessions();
    const app = Fastify();
    app.get("/before", (request) => count(request));
    app.register(fastifySessions(sessions));
    app.setNotFoundHandler((request, reply) => reply.code(404).send(`lost ${count(request)} times`));
    const { jar } = await listen(app);
    const ann = jar();
    await ann.get("/before");
    expect((await ann.get("/nowhere")).text).toBe("lost 2 times");
  });

  test("the same sessions again inside are one", async () => {
    const { store, sessions } = newSessions();
    const app = Fastify();
    app.register(fastifySessions(sessions));
    app.register(async (inner) => {
      inner.register(fastifySessions(sessions));
      inner.get("/", (request) => count(request));
    });
    const { jar } = await listen(app);
    const ann = jar();
    await ann.get("/");
    store.forget();
    expect((await ann.get("/")).text).toBe("2");
    expect(store.calls).toEqual(["read", "patch"]);
  });

  test.each([
    ["as", "another engine of the same name", () => [fastifySessions(newSessions().sessions)]],
    ["as", "the same engine of another name", (one) => [fastifySessions(one, { as: "other" })]],
    [
      "cookie.name",
      "another engine with the same cookie",
      () => [fastifySessions(newSessions().sessions, { as: "other" })],
    ],
    [
      "as",
      "a name that Fastify needs",
      () => [fastifySessions(newSessions({ cookie: { name: "b" } }).sessions, { as: "body" })],
    ],
  ] as [string, string, (sessions: ReturnType<typeof newSessions>["sessions"]) => never[]][])(
    "%s: %s is refused at start",
    async (option, _what, more) => {
      const { sessions } = newSessions();
      const app = Fastify();
      app.register(fastifySessions(sessions));
      app.register(async (inner) => {
        for (const plugin of more(sessions)) inner.register(plugin);
      });
      await expect(Promise.resolve(app.ready())).rejects.toMatchObject({ code: "config", option });
    },
  );

  test("a decorator that others have made is refused, and beside @fastify/session another name will do", async () => {
    const { sessions } = newSessions();
    const taken = Fastify();
    const cookie = { secret: "x".repeat(32), cookie: { secure: false } };
    taken.register(fastifyCookie).register(fastifySession, cookie).register(fastifySessions(sessions));
    await expect(Promise.resolve(taken.ready())).rejects.toBeInstanceOf(ConfigError);

    const app = Fastify();
    app.register(fastifyCookie).register(fastifySession, cookie);
    app.register(fastifySessions(sessions, { as: "ours" }));
    app.get("/", (request) => {
      const ours = request.getDecorator<FastifySession<Data>>("ours");
      ours.visits = (ours.visits ?? 0) + 1;
      request.session.set("theirs" as never, ((request.session.get("theirs" as never) ?? 10) + 1) as never);
      return [ours.visits, request.session.get("theirs" as never)];
    });
    const { jar } = await listen(app);
    const ann = jar();
    await ann.get("/");
    expect((await ann.get("/")).text).toBe("[2,12]");
    expect([...ann.cookies.keys()].sort()).toEqual(["sessionId", "session_id"]);
  });
});

describe.each([
  ["at once", false],
  ["later", true],
])("a store that answers %s", (_when, later) => {
  describe("when the answer leaves", () => {
    test("what a hook registered after ours changes before that is saved, with its cookie", async () => {
      const { store, sessions } = newSessions({}, later);
      const app = Fastify();
      app.register(fastifySessions(sessions));
      app.register(
        Object.assign(
          async () => {
            app.addHook("onSend", async (request, _reply, payload) => {
              await null;
              sessionOf(request).name = request.url;
              return payload;
            });
          },
          { [Symbol.for("skip-override")]: true },
        ),
      );
      app.get("/*", (request) => ({ ...sessionOf(request) }));
      const { jar } = await listen(app);
      const ann = jar();
      expect((await ann.get("/first")).setCookie).toHaveLength(1);
      expect((await ann.get("/second")).text).toBe('{"name":"/first"}');
      expect(store.count("create", "patch")).toBe(2);
    });

    test("a hook that answers without waiting answers alone, while the save runs", async () => {
      const { store, sessions } = newSessions({}, later);
      const app = Fastify();
      let handled = 0;
      app.register(fastifySessions(sessions));
      app.addHook("preValidation", async (request, reply) => {
        count(request);
        // As @fastify/passport does: the answer is on its way, but nobody waits for it.
        reply.redirect("/elsewhere");
      });
      app.get("/", async () => {
        handled += 1;
        return "never";
      });
      const { jar } = await listen(app);
      const held = store.hold("create");
      const answer = jar().get("/");
      await held.reached;
      held.open();
      const { status, setCookie } = await answer;
      expect([status, setCookie.length, handled]).toEqual([302, 1, 0]);
    });

    test("the cookies of @fastify/cookie go along", async () => {
      const { sessions } = newSessions({}, later);
      const app = Fastify();
      app.register(fastifySessions(sessions));
      app.register(fastifyCookie);
      app.get("/", (request, reply) =>
        reply
          .setCookie("a", "1")
          .setCookie("b", "2")
          .send(`${count(request)} ${request.cookies.a}`),
      );
      const { jar } = await listen(app);
      const ann = jar();
      const names = (await ann.get("/")).setCookie.map((line) => line.split("=")[0]).sort();
      expect(names).toEqual(["a", "b", "session_id"]);
      expect((await ann.get("/")).text).toBe("2 1");
    });

    test("early hints leave before the save, and say nothing of it", async () => {
      const { store, sessions } = newSessions({}, later);
      const app = Fastify();
      app.register(fastifySessions(sessions));
      app.get("/", (request, reply) => {
        reply.writeEarlyHints({ link: "</style.css>; rel=preload" });
        return count(request);
      });
      const { port } = await listen(app);
      const held = store.hold("create");
      const wire = new Wire(port, "/");
      await held.reached;
      await wire.until("rel=preload");
      expect(wire.received).toMatch(/^HTTP\/1\.1 103/);
      expect(wire.received).not.toMatch(/200|set-cookie/i);
      held.open();
      expect(await wire.all()).toMatch(/200 OK[\s\S]*set-cookie: session_id=/i);
    });

    test("server-sent events keep their session: what changes meanwhile is saved at the end", async () => {
      const { sessions } = newSessions({}, later);
      const app = Fastify();
      const go = gate();
      app.register(fastifySessions(sessions));
      app.get("/count", (request) => count(request));
      app.get("/events", async (request, reply) => {
        reply.hijack();
        const session = sessionOf(request);
        count(request);
        reply.raw.writeHead(200, { "content-type": "text/event-stream" });
        reply.raw.write("data: one\n\n");
        await go.wait();
        session.name = "late";
        expect(() => rotate(session)).toThrow(StateError);
        reply.raw.end("data: two\n\n");
      });
      app.get("/read", (request) => ({ ...sessionOf(request) }));
      const { port, jar } = await listen(app);
      const ann = jar();
      await ann.get("/count");
      const wire = new Wire(port, "/events", { Cookie: `session_id=${ann.cookies.get("session_id")}` });
      await wire.until("data: one");
      expect((await ann.get("/read")).text).toBe('{"visits":2}');
      go.open();
      expect(await wire.all()).toContain("data: two");
      expect((await ann.get("/read")).text).toBe('{"visits":2,"name":"late"}');
    });

    test("a stream that breaks is cut, and one that breaks before its first byte is an error answer", async () => {
      const { sessions } = newSessions({}, later);
      const app = Fastify();
      const stream = new PassThrough();
      app.register(fastifySessions(sessions));
      app.get("/soon", (request, reply) => {
        count(request);
        return reply.send(new Readable({ read: () => {} }).destroy(new Error("no such file")));
      });
      app.get("/late", (request, reply) => {
        count(request);
        return reply.send(stream);
      });
      const { port, jar } = await listen(app);
      const soon = await jar().get("/soon");
      expect([soon.status, soon.setCookie]).toEqual([500, []]);
      const wire = new Wire(port, "/late");
      stream.write("half of it");
      await wire.until("half of it");
      stream.destroy(new Error("the disk is gone"));
      expect(await wire.all()).toMatch(/200 OK[\s\S]*session_id=[\s\S]*half of it\r\n$/);
    });
  });

  describe("a client that leaves early", () => {
    test("changes nothing: what the handler stores is saved", async () => {
      const { store, sessions } = newSessions({}, later);
      const app = Fastify();
      const [go, gone] = [gate(), gate()];
      app.register(fastifySessions(sessions));
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
      const saved = store.hold("patch", "after");
      go.open();
      await saved.reached;
      saved.open();
      expect((await ann.get("/count")).text).toBe("3");
    });
  });

  test("before its session is there has no handler run for it", async () => {
    const { store, sessions } = newSessions();
    const app = Fastify();
    let handled = 0;
    const gone = gate();
    app.addHook("onRequest", async (request) => {
      if (request.url === "/slow") request.raw.on("close", () => gone.open());
    });
    app.register(fastifySessions(sessions, { exclusive: true }));
    app.get("/*", (request) => {
      handled += 1;
      return count(request);
    });
    const { port, jar } = await listen(app);
    const ann = jar();
    await ann.get("/");
    const held = store.hold("read");
    const wire = new Wire(port, "/slow", { Cookie: `session_id=${ann.cookies.get("session_id")}` });
    await held.reached;
    wire.socket.destroy();
    await gone.wait();
    held.open();
    // It asks for the same lock, which only comes free if the other is let go.
    expect((await ann.get("/")).text).toBe("2");
    expect(handled).toBe(2);
  });
});

describe("other servers", () => {
  test("HTTP/2: held, saved, and an error if the save fails", async () => {
    const { store, sessions } = newSessions();
    const app = Fastify({ http2: true });
    app.register(fastifySessions(sessions));
    app.get("/", (request) => count(request as unknown as FastifyRequest));
    app.get("/large", (request) => `${count(request as unknown as FastifyRequest)}`.padEnd(200_000, "."));
    app.get("/stream", (request, reply) => {
      count(request as unknown as FastifyRequest);
      return reply.send(Readable.from(["a", "b"]));
    });
    const { url } = await listen(app as unknown as FastifyInstance);
    const client = connect(url);
    const ask = async (path: string) => {
      const stream = client.request({ ":path": path }).setEncoding("utf8");
      let body = "";
      stream.on("data", (part) => {
        body += part;
      });
      const [headers] = (await once(stream, "response")) as [Record<string, string>];
      if (!stream.readableEnded) await once(stream, "end");
      return { status: headers[":status"], cookie: headers["set-cookie"], vary: headers.vary, body };
    };
    for (const [path, size] of [
      ["/", 1],
      ["/large", 200_000],
      ["/stream", 2],
    ] as const) {
      const held = store.hold("create");
      const answer = ask(path);
      await held.reached;
      held.open();
      const { status, cookie, vary, body } = await answer;
      expect([status, cookie?.length, vary, body.length]).toEqual([200, 1, "Cookie", size]);
      store.fail(["create"]);
      expect(await ask(path)).toMatchObject({ status: 503, cookie: undefined, body: /backend_failed/ });
      store.mend();
    }
    client.destroy();
  });

  test("inject: without a socket", async () => {
    const { store, sessions } = newSessions();
    const app = Fastify();
    app.register(fastifySessions(sessions));
    app.get("/", (request) => count(request));
    app.get("/stream", (request, reply) => {
      count(request);
      return reply.send(Readable.from(["a", "b"]));
    });
    for (const path of ["/", "/stream"]) {
      const { statusCode, cookies, payload } = await app.inject(path);
      expect([statusCode, cookies.length, payload.length > 0]).toEqual([200, 1, true]);
    }
    const { cookies } = await app.inject("/");
    const again = await app.inject({ url: "/", cookies: { session_id: cookies[0]!.value } });
    expect([again.payload, again.cookies]).toEqual(["2", []]);
    store.fail(["create"]);
    expect((await app.inject("/")).statusCode).toBe(503);
    await app.close();
  });

  test("middie: Connect-style middleware runs before ours, and its answers are its own", async () => {
    const { sessions } = newSessions();
    const app = Fastify();
    await app.register(fastifyExpressLike);
    app.register(fastifySessions(sessions));
    app.use("/theirs", (_req: unknown, res: { end(text: string): void }) => res.end("theirs"));
    app.get("/", (request) => count(request));
    const { jar } = await listen(app);
    expect((await jar().get("/theirs")).text).toBe("theirs");
    expect((await jar().get("/")).setCookie).toHaveLength(1);
  });
});

describe("request.session", () => {
  test("is replaced by an object, ended by null and {}, and begun anew after the end", async () => {
    const { sessions } = newSessions();
    const app = Fastify();
    app.register(fastifySessions(sessions));
    const assign = (request: FastifyRequest, data: unknown) => void Object.assign(request, { session: data });
    app.get("/count", (request) => count(request));
    app.get("/replace", async (request) => assign(request, { name: "only this" }));
    app.get("/null", async (request) => assign(request, null));
    app.get("/none", async (request) => assign(request, {}));
    app.get("/anew", async (request) => {
      assign(request, null);
      assign(request, { name: "somebody else" });
    });
    app.get("/destroy", async (request) => logout(sessionOf(request)));
    app.get("/read", (request) => ({ ...sessionOf(request) }));
    const { jar } = await listen(app);
    for (const path of ["/null", "/none", "/destroy"]) {
      const ann = jar();
      await ann.get("/count");
      const before = ann.copy();
      expect((await ann.get(path)).setCookie.join()).toContain("Max-Age=0");
      expect((await before.get("/read")).text).toBe("{}");
    }
    const ann = jar();
    await ann.get("/count");
    await ann.get("/replace");
    expect((await ann.get("/read")).text).toBe('{"name":"only this"}');
    const before = ann.copy();
    await ann.get("/anew");
    expect((await ann.get("/read")).text).toBe('{"name":"somebody else"}');
    expect((await before.get("/read")).text).toBe("{}");
  });
});
