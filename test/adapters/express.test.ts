import { once } from "node:events";
import { request } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import compression from "compression";
import type { ErrorRequestHandler, Request, Response } from "express";
import { createSessions } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { gate } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { EXPRESS } from "./_express-server.ts";
import { type ExpressSiteOptions, expressSite, type Req } from "./_express-site.ts";
import { ROOT } from "./_express-ways.ts";

/** The whole answer, its body as it came. */
async function raw(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: Record<string, string | string[] | undefined>; bytes: Buffer }> {
  const [message] = await once(request(url, { headers, agent: false }).end(), "response");
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return { status: message.statusCode, headers: message.headers, bytes: Buffer.concat(chunks) };
}

describe.each(["5", "4"] as const)("Express %s", (version) => {
  const siteWith = (more: ExpressSiteOptions["more"] & {}) => expressSite(version, { more });

  describe("a conditional GET", () => {
    test("is answered 304 after the save, with what the answer owes", async () => {
      const { jar, on, store } = await expressSite(version);
      const ann = jar();
      on((session) => {
        session.visits = (session.visits ?? 0) + 1;
        return "the same";
      });
      const { etag } = (await ann.get("/")).headers;
      expect(etag).toBeDefined();
      const held = store.hold("patch");
      const coming = ann.get("/", { "if-none-match": etag! });
      await held.reached;
      held.open();
      const { status, text, headers } = await coming;
      expect([status, text, headers.vary]).toEqual([304, "", "Cookie"]);
      const fresh = await jar().get("/", { "if-none-match": etag! });
      expect([fresh.status, fresh.setCookie.length, fresh.headers["cache-control"]]).toEqual([
        304,
        1,
        "no-store",
      ]);
      expect((await ann.get("/read")).text).toBe('{"visits":2}');
    });

    test("whose save fails is an error", async () => {
      const { jar, on, store } = await expressSite(version);
      on((session) => {
        session.visits = 1;
        return "the same";
      });
      const { etag } = (await jar().get("/")).headers;
      store.fail(["create"]);
      const { status, headers, text } = await jar().get("/", { "if-none-match": etag! });
      expect([status, text]).toEqual([503, '{"error":"BackendError"}']);
      expect(headers.etag).not.toBe(etag);
    });
  });

  describe.each([
    ["before ours", "before"],
    ["behind ours", "after"],
  ] as const)("compression %s", (_, where) => {
    const BIG = "session ".repeat(2000);

    const parts = gate();
    const compressed = () =>
      expressSite(version, {
        [where]: compression(),
        more(app) {
          app.get("/big", (req, res) => {
            (req as Req).session.name = "ann";
            res.send(BIG);
          });
          app.get("/parts", (req, res) => {
            const { session } = req as Req;
            session.name = "ann";
            res.type("text").write("one,");
            res.flush();
            void parts.wait().then(() => {
              session.name = "late";
              res.end("two");
            });
          });
        },
      });

    test("a compressed answer carries the cookie, and is varied on both", async () => {
      const { url } = await compressed();
      const { headers, bytes } = await raw(`${url}/big`, { "accept-encoding": "gzip" });
      expect(headers["content-encoding"]).toBe("gzip");
      expect((await promisify(gunzip)(bytes)).toString()).toBe(BIG);
      expect(headers["set-cookie"]).toEqual([expect.stringContaining("session_id=")]);
      expect(String(headers.vary).toLowerCase().split(", ").sort()).toEqual(["accept-encoding", "cookie"]);
    });

    test("an answer whose save fails is replaced by one that can be read", async () => {
      const { url, store } = await compressed();
      store.fail(["create"]);
      const { status, headers, bytes } = await raw(`${url}/big`, { "accept-encoding": "gzip" });
      expect([status, headers["content-encoding"], bytes.toString()]).toEqual([
        503,
        undefined,
        '{"error":"BackendError"}',
      ]);
    });

    test("a stream that is flushed arrives in parts, and saves what changes between them", async () => {
      const { url, jar } = await compressed();
      const [message] = await once(
        request(`${url}/parts`, { headers: { "accept-encoding": "gzip" }, agent: false }).end(),
        "response",
      );
      const chunks: Buffer[] = [];
      for await (const chunk of message) {
        chunks.push(chunk);
        parts.open();
      }
      expect((await promisify(gunzip)(Buffer.concat(chunks))).toString()).toBe("one,two");
      const ann = jar();
      ann.cookies.set("session_id", message.headers["set-cookie"][0].split(/[=;]/)[1]);
      expect((await ann.get("/read")).text).toBe('{"name":"late"}');
    });
  });

  describe("errors", () => {
    test("what a handler throws, or passes on, saves nothing", async () => {
      const { jar, store } = await siteWith((app) => {
        app.get("/throw", (req) => {
          (req as Req).session.visits = 99;
          throw new Error("thrown");
        });
        app.get("/next", (req, _res, next) => {
          (req as Req).session.visits = 99;
          next(new Error("passed on"));
        });
        // Express 5 minds what a handler's promise says; in 4 it has to be passed on.
        app.get("/async", async (req, _res, next) => {
          (req as Req).session.visits = 99;
          if (version === "5") throw new Error("rejected");
          next(new Error("rejected"));
        });
      });
      const ann = jar();
      await ann.get("/count");
      store.forget();
      for (const path of ["/throw", "/next", "/async"]) {
        for (const who of [ann, jar()]) {
          const { status, setCookie } = await who.get(path);
          expect([path, status, setCookie]).toEqual([path, 500, []]);
        }
      }
      expect(store.writes).toBe(0);
    });

    test("after the first byte cuts the answer off; what was saved before it left stays", async () => {
      const { jar, on } = await expressSite(version);
      const ann = jar();
      await ann.get("/count");
      on((session, _req, res) => {
        session.name = "early";
        res.write("one,");
        throw new Error("too late");
      });
      const { status, cut } = await ann.get("/");
      expect([status, cut]).toEqual([200, true]);
      expect((await ann.get("/read")).text).toBe('{"visits":1,"name":"early"}');
    });

    test("a save that fails at the end of a stream cuts it off, and is told", async () => {
      const { jar, on, store, told, url } = await expressSite(version);
      const ann = jar();
      await ann.get("/count");
      const arrived = gate();
      on(async (session, _req, res) => {
        res.write("one,");
        session.name = "late";
        await arrived.wait();
        store.fail(["patch"]);
        res.end("two");
      });
      const headers = { cookie: `session_id=${ann.cookies.get("session_id")}` };
      const [message] = await once(request(url, { headers, agent: false }).end(), "response");
      const read = async (): Promise<void> => {
        for await (const chunk of message.setEncoding("utf8")) {
          expect(chunk).toBe("one,");
          arrived.open();
        }
      };
      await expect(read()).rejects.toThrow("aborted");
      expect(told.length).toBe(1);
      store.mend();
      expect((await ann.get("/read")).text).toBe('{"visits":1}');
    });

    test("an error page may look at the session, of a handler that threw and of a save that failed", async () => {
      const { jar, on, store } = await siteWith((app) => {
        app.use(((_error: unknown, request: Request, res: Response, _next: unknown) => {
          const { session, sessionID } = request as Req;
          const { maxAge, path } = session.cookie;
          res.json({
            page: session.visits,
            same: sessionID === session.id,
            maxAge,
            path,
            status: res.statusCode,
          });
        }) satisfies ErrorRequestHandler);
      });
      const ann = jar();
      await ann.get("/count");
      const page = { page: 1, same: true, maxAge: null, path: "/" };
      on(() => {
        throw new Error("the handler failed");
      });
      expect(JSON.parse((await ann.get("/")).text)).toEqual({ ...page, status: 200 });
      store.fail(["patch"]);
      const { status, text } = await ann.get("/count");
      expect(status).toBe(503);
      expect(JSON.parse(text)).toEqual({ ...page, page: 2, status: 503 });
    });

    test("an error handler that answers less than 500 saves, and may leave a message", async () => {
      const { jar, on } = await siteWith((app) => {
        app.use(((error: Error, request: Request, res: Response, _next: unknown) => {
          (request as Req).session.name = error.message;
          res.redirect("/read");
        }) satisfies ErrorRequestHandler);
      });
      const ann = jar();
      on(() => {
        throw new Error("try again");
      });
      expect((await ann.get("/")).status).toBe(302);
      expect((await ann.get("/read")).text).toBe('{"name":"try again"}');
    });

    test("a store that cannot be read goes to the error handler before any route runs", async () => {
      const { jar, on, store } = await expressSite(version);
      const ann = jar();
      await ann.get("/count");
      let ran = 0;
      on(() => {
        ran += 1;
      });
      store.fail(["read"]);
      const { status, text, setCookie } = await ann.get("/");
      expect([status, text, setCookie, ran]).toEqual([503, '{"error":"BackendError"}', [], 0]);
    });
  });

  test("a client that leaves changes nothing: what the handler stores is saved", async () => {
    const { jar, on, url, store } = await expressSite(version);
    const ann = jar();
    await ann.get("/count");
    const [reached, gone] = [gate(), gate()];
    on(async (session, _req, res) => {
      res.on("close", () => gone.open());
      await reached.wait();
      await gone.wait();
      session.name = "stored";
      res.json("nobody reads this");
    });
    const left = request(url, {
      headers: { cookie: `session_id=${ann.cookies.get("session_id")}` },
      agent: false,
    });
    left.on("error", () => {}).end();
    await reached.reached;
    const saved = store.hold("patch");
    left.destroy();
    reached.open();
    await saved.reached;
    saved.open();
    await store.settled();
    expect((await ann.get("/read")).text).toBe('{"visits":1,"name":"stored"}');
  });

  test("early hints leave before the save, the answer after it", async () => {
    const { on, url, store } = await expressSite(version);
    on((session, _req, res) => {
      session.name = "ann";
      res.writeEarlyHints({ link: "</style.css>; rel=preload; as=style" });
      res.send("page");
    });
    const held = store.hold("create");
    const asked = request(url, { agent: false });
    const hints = once(asked, "information");
    const answered = once(asked, "response");
    asked.end();
    const [information] = await hints;
    expect(information.statusCode).toBe(103);
    await held.reached;
    held.open();
    const [message] = await answered;
    expect(message.headers["set-cookie"].length).toBe(1);
    message.resume();
  });

  test("a route that does not look at the session, a static file and a 404 owe nothing", async () => {
    const { jar } = await siteWith((app) => {
      app.use("/files", EXPRESS[version].static(ROOT, { extensions: [] }));
      app.get("/plain", (_req, res) => void res.send("plain"));
    });
    const ann = jar();
    await ann.get("/count");
    for (const path of ["/plain", "/files/LICENSE", "/nowhere"]) {
      const { headers, setCookie } = await ann.get(path);
      expect([path, headers.vary, setCookie]).toEqual([path, undefined, []]);
    }
  });

  test("mounted for some paths: others have no session, and skip means the path that the client asks for", async () => {
    const { jar, store } = await expressSite(version, {
      at: "/api",
      use: { skip: ["/api/health"] },
      more(app) {
        app.get(["/api/visit", "/api/health", "/health"], (request, res) => {
          const { session } = request as Partial<Req>;
          if (session && request.path === "/api/visit") session.visits = 1;
          res.json(session ?? "none");
        });
      },
    });
    const ann = jar();
    expect((await ann.get("/api/visit")).text).toBe('{"visits":1}');
    store.forget();
    expect((await ann.get("/api/health")).text).toBe("{}");
    expect((await ann.get("/health")).text).toBe('"none"');
    expect(store.calls).toEqual([]);
  });

  test("the same sessions mounted again are the same", async () => {
    const { jar, store } = await siteWith((app, sessions) => {
      const router = EXPRESS[version].Router();
      router.use(expressSessions(sessions));
      router.get("/count", (request, res) => {
        const { session } = request as Req;
        session.visits = (session.visits ?? 0) + 1;
        res.json(session.visits);
      });
      app.use("/again", router);
    });
    const ann = jar();
    expect((await ann.get("/count")).text).toBe("1");
    expect((await ann.get("/again/count")).text).toBe("2");
    expect(store.count("read")).toBe(1);
  });

  test("other sessions with the same header are refused", async () => {
    const header = "X-Session-Token";
    const { jar } = await expressSite(version, {
      options: { tokenHeader: header },
      more(app) {
        const others = createSessions({ tokenHeader: header, cookie: { name: "other" } });
        app.get("/two", expressSessions(others, { as: "other" }), (_req, res) => void res.send("two"));
      },
    });
    const { status, text } = await jar().get("/two");
    expect([status, text]).toEqual([500, '{"error":"ConfigError"}']);
  });

  test("req.session = data replaces it, and null or {} ends the session", async () => {
    const { jar, on } = await expressSite(version);
    for (const nothing of [null, undefined, {}]) {
      const ann = jar();
      await ann.get("/count");
      on((_session, req) => {
        req.session = { name: "ann" } as Req["session"];
      });
      await ann.get("/");
      expect((await ann.get("/read")).text).toBe('{"name":"ann"}');
      on((_session, req) => {
        req.session = nothing as Req["session"];
      });
      expect((await ann.get("/")).setCookie).toEqual([expect.stringContaining("Max-Age=0")]);
      expect((await ann.get("/read")).text).toBe("{}");
    }
  });
});
