import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { PassThrough, Readable } from "node:stream";
import Koa, { type Middleware } from "koa";
import compress from "koa-compress";
import { ConfigError, createSessions, rotate, StateError } from "micropie";
import { koaSessions } from "micropie/adapters/koa";
import { nodeSessions } from "micropie/adapters/node";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { GatedBackend, gate } from "micropie/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { count, listen, newApp } from "./_koa-app.ts";
import { Wire } from "./_server.ts";

const compressing = compress({ threshold: 0 }) as unknown as Middleware;
const COOKIE = "session_id";

describe("when the answer leaves", () => {
  test.each(["before", "after"])("koa-compress %s ours", async (order) => {
    const { app, store } = newApp(...(order === "before" ? [compressing] : []));
    if (order === "after") app.use(compressing);
    app.use((ctx) => {
      const visits = count(ctx);
      ctx.body = ctx.path === "/stream" ? Readable.from(["a".repeat(2000)]) : `visit ${visits}`.repeat(500);
    });
    const { url } = await listen(app);
    for (const path of ["/", "/stream"]) {
      const held = store.hold("create");
      const coming = fetch(url + path, { headers: { "accept-encoding": "gzip" } });
      await held.reached;
      held.open();
      const saved = await coming;
      expect([saved.status, saved.headers.get("content-encoding")]).toEqual([200, "gzip"]);
      expect(saved.headers.getSetCookie()).toHaveLength(1);
      expect(saved.headers.get("vary")).toBe("Accept-Encoding, Cookie");
      expect((await saved.text()).length).toBeGreaterThan(1000);
      store.fail(["create"]);
      const failed = await fetch(url + path);
      expect([failed.status, await failed.text()]).toEqual([503, "Service Unavailable"]);
      store.mend();
    }
  });

  test("what middleware before ours changes after us is saved, with its cookie", async () => {
    const { app, store } = newApp(async (ctx, next) => {
      await next();
      ctx.session.name = ctx.path;
    });
    app.use((ctx) => {
      ctx.body = { ...ctx.session };
    });
    const { jar } = await listen(app);
    const ann = jar();
    expect((await ann.get("/first")).setCookie).toHaveLength(1);
    expect((await ann.get("/second")).text).toBe('{"name":"/first"}');
    store.fail(["patch"]);
    expect((await ann.get("/third")).status).toBe(503);
  });

  test("server-sent events keep their session: what changes meanwhile is saved at the end", async () => {
    const { app } = newApp();
    const go = gate();
    app.use((ctx) => {
      if (ctx.path !== "/events") {
        ctx.body = ctx.path === "/count" ? `${count(ctx)}` : { ...ctx.session };
        return;
      }
      const { session } = ctx;
      const events = new PassThrough();
      ctx.type = "text/event-stream";
      ctx.body = events;
      count(ctx);
      events.write("data: one\n\n");
      void go.wait().then(() => {
        session.name = "late";
        expect(() => rotate(session)).toThrow(StateError);
        events.end("data: two\n\n");
      });
    });
    const { port, jar } = await listen(app);
    const ann = jar();
    await ann.get("/count");
    const wire = new Wire(port, "/events", { Cookie: `${COOKIE}=${ann.cookies.get(COOKIE)}` });
    await wire.until("data: one");
    expect((await ann.get("/read")).text).toBe('{"visits":2}');
    go.open();
    expect(await wire.all()).toContain("data: two");
    expect((await ann.get("/read")).text).toBe('{"visits":2,"name":"late"}');
  });

  test("a stream that breaks is cut", async () => {
    const { app, errors } = newApp();
    const stream = new PassThrough();
    app.use((ctx) => {
      count(ctx);
      ctx.body = stream;
    });
    const { port } = await listen(app);
    const wire = new Wire(port, "/");
    stream.write("half of it");
    await wire.until("half of it");
    stream.destroy(new Error("the disk is gone"));
    expect(await wire.all()).toMatch(/200 OK[\s\S]*session_id=[\s\S]*half of it\r\n$/);
    expect(errors).toContainEqual(expect.objectContaining({ message: "the disk is gone" }));
  });

  test("a 304 by ctx.fresh is saved, too", async () => {
    const { app } = newApp(async (ctx, next) => {
      await next();
      if (ctx.fresh) ctx.status = 304;
    });
    app.use((ctx) => {
      if (ctx.path === "/read") ctx.body = { ...ctx.session };
      else {
        count(ctx);
        ctx.body = "always the same";
        ctx.etag = "same";
      }
    });
    const { jar } = await listen(app);
    const ann = jar();
    await ann.get("/");
    const { status, headers } = await ann.get("/", { "if-none-match": '"same"' });
    expect([status, headers.vary]).toEqual([304, "Cookie"]);
    expect((await ann.get("/read")).text).toBe('{"visits":2}');
  });

  test.each([false, true])(
    "a client that leaves early changes nothing (exclusive: %s)",
    async (exclusive) => {
      const store = new GatedBackend(new InMemorySessionBackend());
      const sessions = createSessions<{ visits: number }>({ backend: store });
      const [go, gone] = [gate(), gate()];
      const app = new Koa().use(koaSessions(sessions, { exclusive })).use(async (ctx) => {
        if (ctx.path === "/slow") {
          ctx.res.on("close", () => gone.open());
          await go.wait();
        }
        ctx.session.visits = (ctx.session.visits ?? 0) + 1;
        ctx.body = `${ctx.session.visits}`;
      });
      const { port, jar } = await listen(app);
      const ann = jar();
      await ann.get("/");
      const wire = new Wire(port, "/slow", { Cookie: `${COOKIE}=${ann.cookies.get(COOKIE)}` });
      await go.reached;
      wire.socket.destroy();
      await gone.wait();
      const saved = store.hold("patch", "after");
      go.open();
      await saved.reached;
      saved.open();
      expect((await ann.get("/")).text).toBe("3");
    },
  );

  test("an exclusive session that nobody answers on ctx.res is let go when the client leaves", async () => {
    const sessions = createSessions<{ visits: number }>({ lock: { wait: 60, ttl: 0.5 } });
    const [waits, gone] = [gate(), gate()];
    const app = new Koa().use(koaSessions(sessions, { exclusive: true })).use((ctx) => {
      if (ctx.path === "/never") {
        ctx.respond = false;
        ctx.res.on("close", () => gone.open());
        setImmediate(() => waits.open());
        return;
      }
      ctx.body = `${count(ctx)}`;
    });
    const { port, jar } = await listen(app);
    const ann = jar();
    await ann.get("/");
    const wire = new Wire(port, "/never", { Cookie: `${COOKIE}=${ann.cookies.get(COOKIE)}` });
    await waits.wait();
    wire.socket.destroy();
    await gone.wait();
    expect((await ann.get("/")).text).toBe("2");
  });

  test("for a client that leaves before its session is there, nothing runs behind ours", async () => {
    const store = new GatedBackend(new InMemorySessionBackend());
    const sessions = createSessions<{ visits: number }>({ backend: store });
    const gone = gate();
    const handled: string[] = [];
    const app = new Koa().use(async (ctx, next) => {
      if (ctx.path === "/slow") ctx.res.on("close", () => gone.open());
      await next();
    });
    const behind = app.use(koaSessions(sessions, { exclusive: true })).use((ctx) => {
      handled.push(ctx.path);
      ctx.session.visits = (ctx.session.visits ?? 0) + 1;
      ctx.body = `${ctx.session.visits}`;
    });
    const { port, jar } = await listen(behind);
    const ann = jar();
    await ann.get("/");
    const held = store.hold("read");
    const wire = new Wire(port, "/slow", { Cookie: `${COOKIE}=${ann.cookies.get(COOKIE)}` });
    await held.reached;
    wire.socket.destroy();
    await gone.wait();
    held.open();
    // It asks for the same lock, which only comes free if the other is let go.
    expect((await ann.get("/")).text).toBe("2");
    expect(handled).toEqual(["/", "/"]);
  });

  test("HTTP/2: saved, and an error if the save fails", async () => {
    const { app, store } = newApp();
    app.use((ctx) => {
      ctx.body = `${count(ctx)}`;
    });
    const server = createServer(app.callback() as never).listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => {
      client.destroy();
      server.close();
    });
    const ask = async () => {
      const stream = client.request({ ":path": "/" });
      const [headers] = (await once(stream, "response")) as [Record<string, string>];
      stream.resume();
      return [headers[":status"], headers["set-cookie"]?.length, headers.vary];
    };
    expect(await ask()).toEqual([200, 1, "Cookie"]);
    store.fail(["create"]);
    expect((await ask()).slice(0, 2)).toEqual([503, undefined]);
  });
});

describe("ctx.session", () => {
  test("is replaced by an object, ended by null and {}, and begun anew after the end", async () => {
    const { app } = newApp();
    const assign = (ctx: object, session: unknown) => void Object.assign(ctx, { session });
    app.use((ctx) => {
      if (ctx.path === "/count") count(ctx);
      if (ctx.path === "/replace") assign(ctx, { name: "only this" });
      if (ctx.path === "/none") assign(ctx, {});
      if (ctx.path === "/null" || ctx.path === "/anew") assign(ctx, null);
      if (ctx.path === "/anew") assign(ctx, { name: "somebody else" });
      ctx.body = { ...ctx.session };
    });
    const { jar } = await listen(app);
    for (const path of ["/null", "/none"]) {
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

  test("has what users of koa-session know, and data of the same name hides it", async () => {
    const { app } = newApp();
    app.use(async (ctx) => {
      const { session } = ctx;
      const told = [session.isNew, session.length, session.populated, session.maxAge];
      session.visits = 1;
      if (ctx.path === "/save") await session.save();
      if (ctx.path === "/manually") await session.manuallyCommit();
      if (ctx.path === "/month") session.maxAge = 30 * 24 * 3600 * 1000;
      if (ctx.path === "/brief") session.maxAge = 100;
      if (ctx.path === "/hide") Object.assign(session, { length: "of the road", isNew: "car" });
      ctx.body = [...told, session.isNew, session.length, session.populated, session.maxAge];
    });
    const { jar } = await listen(app);
    const told = async (path: string) => JSON.parse((await jar().get(path)).text);
    const fresh = [true, 0, false, "session"];
    expect(await told("/")).toEqual([...fresh, true, 1, true, "session"]);
    for (const path of ["/save", "/manually"])
      expect(await told(path)).toEqual([...fresh, false, 1, true, "session"]);
    expect(await told("/month")).toEqual([...fresh, true, 1, true, 2_592_000_000]);
    expect(await told("/brief")).toEqual([...fresh, true, 1, true, 100]);
    expect(await told("/hide")).toEqual([...fresh, "car", "of the road", true, "session"]);
    expect((await jar().get("/month")).setCookie[0]).toContain("; Max-Age=2592000;");
  });

  test("the same sessions again are one, and others need another name and another cookie", async () => {
    const { app, sessions, store, errors } = newApp();
    app.use(koaSessions(sessions)).use(async (ctx, next) => {
      if (ctx.path === "/as") await koaSessions(createSessions())(ctx as never, next);
      if (ctx.path === "/cookie") await koaSessions(createSessions(), { as: "b" })(ctx as never, next);
      ctx.body = `${count(ctx)}`;
    });
    const { jar } = await listen(app);
    const ann = jar();
    await ann.get("/");
    store.forget();
    expect((await ann.get("/")).text).toBe("2");
    expect(store.calls).toEqual(["read", "patch"]);
    for (const option of ["as", "cookie"]) {
      expect((await ann.get(`/${option}`)).status).toBe(500);
      expect(errors.at(-1)).toBeInstanceOf(ConfigError);
    }
  });

  test("the same sessions around Koa, by another adapter, are refused by name, and saved once", async () => {
    const { app, sessions, store, errors } = newApp();
    app.use((ctx) => {
      ctx.body = `${count(ctx)}`;
    });
    const around = nodeSessions(sessions, app.callback());
    const { jar } = await listen({ silent: true, callback: () => async (req, res) => around(req, res) });
    const { status, setCookie } = await jar().get("/");
    expect([status, setCookie, store.calls]).toEqual([500, [], []]);
    expect(errors).toEqual([expect.any(ConfigError)]);
  });
});
