import Fastify, { type FastifyRequest } from "fastify";
import { type FastifySession, fastifySessions } from "micropie/adapters/fastify";
import { describe, expect, test } from "vitest";
import { count, type Data, listen, newSessions, sessionOf } from "./_fastify-app.ts";

type Route = (session: FastifySession<Data>, request: FastifyRequest) => unknown;

/** `/count`, `/read`, and these. */
async function serving(routes: Record<string, Route>) {
  const { store, sessions } = newSessions();
  const app = Fastify();
  app.register(fastifySessions(sessions));
  app.get("/count", (request) => count(request));
  app.get("/read", (request) => ({ ...sessionOf(request) }));
  for (const [path, route] of Object.entries(routes)) {
    app.get(path, async (request) => (await route(sessionOf(request), request)) ?? "done");
  }
  return { store, sessions, ...(await listen(app)) };
}

/** What the method tells its callback. */
function called(run: (callback: (error?: unknown) => void) => unknown): Promise<unknown> {
  return new Promise((resolve) => run((error) => resolve(error === undefined ? "no error" : String(error))));
}

describe("what users of @fastify/session find on request.session", () => {
  test("get, set and data see the data and nothing else", async () => {
    const { jar } = await serving({
      "/": (session) => {
        session.set("visits", 1);
        session.set("name", "ann");
        session.set("name", undefined);
        return [
          session.get("visits"),
          typeof session.get("get" as never),
          session.data(),
          Object.keys(session),
        ];
      },
    });
    const ann = jar();
    expect((await ann.get("/")).text).toBe('[1,"undefined",{"visits":1},["visits"]]');
    expect((await ann.get("/read")).text).toBe('{"visits":1}');
  });

  test.each(["save", "reload", "regenerate", "destroy"] as const)(
    "%s with a callback returns undefined, so that a handler that returns it sends what the callback sends",
    async (method) => {
      const { sessions } = newSessions();
      const app = Fastify();
      app.register(fastifySessions(sessions));
      app.get("/count", (request) => count(request));
      app.get("/", (request, reply) =>
        sessionOf(request)[method]((error?: unknown) => void reply.send(error ?? "sent by the callback")),
      );
      const { jar } = await listen(app);
      const ann = jar();
      await ann.get("/count");
      expect((await ann.get("/")).text).toBe("sent by the callback");
    },
  );

  test("data of the same name hides a member, and is stored", async () => {
    const { jar } = await serving({
      "/": (session) => void Object.assign(session, { get: "mine", touch: 1 }),
    });
    const ann = jar();
    await ann.get("/");
    expect((await ann.get("/read")).text).toBe('{"get":"mine","touch":1}');
  });

  test.each(["promise", "callback"])(
    "regenerate starts over, with the keys it is given (%s)",
    async (how) => {
      const { jar } = await serving({
        "/": async (session, request) => {
          session.name = "kept";
          const { sessionId } = session;
          if (how === "promise") await session.regenerate(["name", "never was"]);
          else expect(await called((done) => session.regenerate(["name"], done))).toBe("no error");
          const fresh = sessionOf(request);
          return [fresh !== session, { ...fresh }, fresh.sessionId !== sessionId, { ...session }];
        },
        "/none": (session) =>
          how === "promise" ? session.regenerate() : called((done) => session.regenerate(done)),
      });
      const ann = jar();
      await ann.get("/count");
      const before = ann.copy();
      expect((await ann.get("/")).text).toBe('[true,{"name":"kept"},true,{"visits":1,"name":"kept"}]');
      expect((await before.get("/read")).text).toBe("{}");
      expect((await ann.get("/read")).text).toBe('{"name":"kept"}');
      expect((await ann.get("/none")).setCookie.join()).toContain("Max-Age=0");
    },
  );

  test.each(["promise", "callback"])(
    "destroy ends it now, and its cookie with the answer (%s)",
    async (how) => {
      const { jar, store } = await serving({
        "/": async (session) => {
          if (how === "promise") await session.destroy();
          else await called((done) => session.destroy(done));
          return [store.count("delete"), { ...session }];
        },
        "/delete": (session) => {
          session.delete();
          return [store.count("delete")];
        },
      });
      for (const [path, text] of [
        ["/", "[1,{}]"],
        ["/delete", "[0]"],
      ] as const) {
        const ann = jar();
        await ann.get("/count");
        const before = ann.copy();
        store.forget();
        const { setCookie, ...answer } = await ann.get(path);
        expect([answer.text, setCookie.length, store.count("delete")]).toEqual([text, 1, 1]);
        expect((await before.get("/read")).text).toBe("{}");
      }
    },
  );

  test("save saves now, reload takes it back, and both tell when the store is down", async () => {
    const { jar, store } = await serving({
      "/save": async (session) => {
        session.visits = 10;
        await session.save();
        session.visits = 11;
        expect(await called((done) => session.reload(done))).toBe("no error");
        return session.visits;
      },
      "/fail": async (session) => {
        session.visits = 20;
        store.fail(["patch", "read"]);
        const told = [
          await called((done) => session.save(done)),
          await called((done) => session.reload(done)),
        ];
        await expect(session.save()).rejects.toMatchObject({ code: "backend_failed" });
        store.mend();
        return told;
      },
    });
    const ann = jar();
    await ann.get("/count");
    expect((await ann.get("/save")).text).toBe("10");
    expect((await ann.get("/fail")).text).toMatch(/failed at patch.*failed at read/);
    expect((await ann.get("/read")).text).toBe('{"visits":20}');
  });

  test("options and cookie.maxAge give it a lifetime; other options are refused", async () => {
    const { jar } = await serving({
      "/": (session) => {
        session.options({ maxAge: 60_000, httpOnly: true });
        session.visits = 1;
        return [session.cookie.maxAge, session.cookie.originalMaxAge];
      },
      "/other": (session) => session.options({ httpOnly: false }),
      "/touch": (session) => session.touch(),
    });
    const { text, setCookie } = await jar().get("/");
    expect(text).toBe("[60000,60000]");
    expect(setCookie.join()).toContain("; Max-Age=");
    expect((await jar().get("/other")).status).toBe(500);
    expect((await jar().get("/touch")).text).toBe("done");
  });

  test("regenerate keeps the maxAge that options has set, in this request and a later one", async () => {
    const { jar } = await serving({
      "/both": async (session, request) => {
        session.options({ maxAge: 60_000 });
        await session.regenerate();
        sessionOf(request).visits = 1;
        return sessionOf(request).cookie.originalMaxAge;
      },
      "/later": async (session, request) => {
        await session.regenerate(["visits"]);
        return String(sessionOf(request).cookie.originalMaxAge);
      },
      "/": (session) => session.cookie.originalMaxAge,
    });
    const ann = jar();
    const { text, setCookie } = await ann.get("/both");
    expect([text, setCookie.join().includes("; Max-Age=")]).toEqual(["60000", true]);
    expect((await ann.get("/later")).text).toBe("60000");
    expect((await ann.get("/")).text).toBe("60000");
    const bob = jar();
    await bob.get("/count");
    expect((await bob.get("/later")).text).toBe("null");
  });

  test("reload of a session that is not stored is an error", async () => {
    const { jar } = await serving({
      "/": async (session) => {
        session.visits = 1;
        return session.reload().catch(({ code }: { code: string }) => code);
      },
    });
    expect((await jar().get("/")).text).toBe("ended");
  });

  test("sessionId is public: the start of the cookie, and no more", async () => {
    const { jar } = await serving({ "/id": (session) => session.sessionId });
    const ann = jar();
    await ann.get("/count");
    const { text } = await ann.get("/id");
    expect(ann.cookies.get("session_id")).toMatch(new RegExp(`^${text}.{32}$`));
  });
});
