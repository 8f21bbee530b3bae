import { Readable } from "node:stream";
import type Koa from "koa";
import type { Middleware } from "koa";
import { BackendError, DataError, save } from "micropie";
import { gate } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { count, listen, newApp } from "./_koa-app.ts";

describe("a save that fails", () => {
  test("is Koa's: its status, the error event once, and nothing of the answer", async () => {
    const { app, store, errors } = newApp();
    app.use((ctx) => {
      count(ctx);
      ctx.set("etag", '"1"');
      ctx.cookies.set("theme", "dark");
      ctx.redirect("/next");
    });
    const { jar } = await listen(app);
    store.fail(["create"]);
    const ann = jar();
    const { status, text, headers, setCookie } = await ann.get("/");
    expect([status, text, setCookie]).toEqual([503, "Service Unavailable", []]);
    expect([headers.location, headers.etag]).toEqual([undefined, undefined]);
    expect(errors).toEqual([expect.any(BackendError)]);
    store.mend();
    expect((await ann.get("/")).setCookie).toHaveLength(2);
  });

  test.each([
    ["answers", (ctx) => (ctx.body = { oops: true }), 503, '{"oops":true}'],
    ["sets a status", (ctx) => (ctx.status = 502), 502, "Bad Gateway"],
    ["swallows it", () => {}, 503, "Service Unavailable"],
  ] as [string, (ctx: Koa.Context) => unknown, number, string][])(
    "goes to an error handler before ours, which %s",
    async (_what, handle, status, text) => {
      const seen: unknown[] = [];
      const { app, store, errors } = newApp(async (ctx, next) => {
        try {
          await next();
        } catch (error) {
          seen.push(error);
          handle(ctx);
        }
      });
      app.use((ctx) => {
        const visits = count(ctx);
        ctx.body = ctx.path === "/json" ? { visits } : Readable.from([`never seen: ${visits}`]);
        ctx.set("content-encoding", "identity");
      });
      const { jar } = await listen(app);
      store.fail(["create"]);
      for (const path of ["/stream", "/json"]) {
        const answer = await jar().get(path);
        expect([answer.status, answer.text, answer.setCookie]).toEqual([status, text, []]);
        expect(answer.headers).toMatchObject({ vary: "Cookie", "cache-control": "no-store" });
      }
      expect([seen, errors]).toEqual([[expect.any(BackendError), expect.any(BackendError)], []]);
    },
  );

  test("has the headers of error.headers in Koa's own answer, and no others that were set by hand", async () => {
    const { app, store } = newApp(async (ctx, next) => {
      ctx.set("Access-Control-Allow-Origin", "https://shop.example");
      ctx.set("X-By-Hand", "1");
      try {
        await next();
      } catch (error) {
        const headers = { "Access-Control-Allow-Origin": "https://shop.example" };
        throw Object.assign(error as Error, { headers });
      }
    });
    app.use((ctx) => {
      ctx.body = count(ctx);
    });
    const { jar } = await listen(app);
    store.fail(["create"]);
    const { status, headers } = await jar().get("/");
    expect([status, headers["access-control-allow-origin"], headers["x-by-hand"]]).toEqual([
      503,
      "https://shop.example",
      undefined,
    ]);
  });

  test("lets go of a stream that was to be sent", async () => {
    const { app, store } = newApp();
    const closed = gate();
    app.use((ctx) => {
      count(ctx);
      const endless = new Readable({ read: () => void endless.push("x") });
      ctx.body = endless.on("close", () => closed.open());
    });
    const { jar } = await listen(app);
    store.fail(["create"]);
    expect((await jar().get("/")).status).toBe(503);
    await closed.wait();
  });

  test("on ctx.res itself is Koa's, too", async () => {
    const { app, store, errors } = newApp();
    app.use((ctx) => {
      count(ctx);
      ctx.respond = false;
      ctx.res.writeHead(200, { "x-way": "raw" });
      ctx.res.write("a");
      ctx.res.end("b");
    });
    const { jar } = await listen(app);
    store.fail(["create"]);
    const { status, text, headers } = await jar().get("/");
    expect([status, text, headers["x-way"]]).toEqual([503, "Service Unavailable", undefined]);
    expect(errors).toEqual([expect.any(BackendError)]);
  });

  // What nobody hears of would end the process; here it fails the run.
  test.each(["save", "manuallyCommit"] as const)(
    "by %s, for which nobody waits, is the answer's",
    async (method) => {
      const { app, store, errors } = newApp();
      app.use((ctx) => {
        count(ctx);
        void ctx.session[method]();
        ctx.body = "never seen";
      });
      const { jar } = await listen(app);
      store.fail(["create"]);
      const { status, setCookie } = await jar().get("/");
      expect([status, setCookie, errors]).toEqual([503, [], [expect.any(BackendError)]]);
    },
  );

  test("a value that cannot be stored is a 500", async () => {
    const { app, errors } = newApp();
    app.use((ctx) => {
      Object.assign(ctx.session, { wrong: () => 1 });
      ctx.body = "never seen";
    });
    const { jar } = await listen(app);
    expect((await jar().get("/")).status).toBe(500);
    expect(errors).toEqual([expect.any(DataError)]);
  });
});

describe("a session that cannot be read", () => {
  test.each([
    ["rejects", 503],
    ["throws", 503],
    ["rejects", 403],
  ])("is an error, and what its handler writes replaces no session (%s, %i)", async (how, answer) => {
    const { app, store } = newApp(async (ctx, next) => {
      try {
        await next();
      } catch (error) {
        ctx.session.name = "left by the error handler";
        expect((error as BackendError).status).toBe(503);
        ctx.status = answer;
      }
    });
    app.use((ctx) => {
      ctx.body = `${count(ctx)}`;
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
    const { status, setCookie } = await ann.get("/");
    expect([status, setCookie]).toEqual([answer, []]);
    store.mend();
    store.read = read;
    expect((await ann.get("/")).text).toBe("2");
  });
});

describe("middleware that throws", () => {
  const saving: Middleware = async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      ctx.session.name = "left by the error handler";
      ctx.status = (error as { status?: number }).status ?? 500;
      ctx.body = "error";
    }
  };

  test.each([403, 500])("with %i saves nothing, but what the error handler changes", async (status) => {
    const { app } = newApp(saving);
    app.use((ctx) => {
      if (ctx.path === "/read") {
        ctx.body = { ...ctx.session };
        return;
      }
      if (count(ctx) > 1) ctx.throw(status, "not for you");
      ctx.body = "";
    });
    const { jar } = await listen(app);
    const ann = jar();
    await ann.get("/");
    expect((await ann.get("/")).status).toBe(status);
    expect((await ann.get("/read")).text).toBe('{"visits":1,"name":"left by the error handler"}');
  });

  test("keeps what it committed itself, with its cookie", async () => {
    const { app } = newApp();
    app.use(async (ctx) => {
      count(ctx);
      await save(ctx.session);
      count(ctx);
      throw new Error("too late");
    });
    const { jar } = await listen(app);
    expect((await jar().get("/")).setCookie).toHaveLength(1);
  });

  test("and is caught behind ours saves nothing if the answer is 500 or more", async () => {
    const { app, store } = newApp();
    app.use(async (ctx) => {
      count(ctx);
      ctx.status = ctx.path === "/other" ? 400 : 500;
      ctx.body = "error";
      ctx.respond = !["/raw", "/later"].includes(ctx.path);
      if (ctx.path === "/raw") ctx.res.end("error");
      if (ctx.path === "/later") {
        ctx.status = 404;
        setImmediate(() => Object.assign(ctx.res, { statusCode: 500 }).end("error"));
      }
    });
    const { jar } = await listen(app);
    for (const path of ["/bad", "/raw", "/later"]) {
      const { status, text, setCookie } = await jar().get(path);
      expect([status, text, setCookie]).toEqual([500, "error", []]);
    }
    expect(store.calls).toEqual([]);
    expect((await jar().get("/other")).setCookie).toHaveLength(1);
  });

  test("with half an answer on ctx.res is answered in full if nothing has left, and cut if something has", async () => {
    const { app, errors } = newApp();
    app.use(async (ctx) => {
      count(ctx);
      ctx.respond = false;
      if (ctx.path === "/head") ctx.res.writeHead(200, { "x-half": "1" });
      else await new Promise((sent) => ctx.res.write("half of it", sent));
      throw new Error("too late");
    });
    const { jar } = await listen(app);
    const head = await jar().get("/head");
    expect([head.status, head.headers["x-half"], head.setCookie]).toEqual([500, undefined, []]);
    const part = await jar().get("/part");
    expect([part.text, part.cut]).toEqual(["half of it", true]);
    expect(errors.length).toBeGreaterThanOrEqual(2);
  });
});
