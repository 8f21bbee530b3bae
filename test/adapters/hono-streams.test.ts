import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { stream, streamSSE } from "hono/streaming";
import { createSessions } from "micropie";
import { honoSessions } from "micropie/adapters/hono";
import { describe, expect, it, onTestFinished } from "vitest";
import { ask, cookieOf, count, type Data, type Env, mount, read } from "./_hono-mount.ts";
import { SlowBackend } from "./_server.ts";

describe("a stream", () => {
  const streams: Record<string, (c: Context<Env>, late: () => void) => Response> = {
    stream: (c, late) =>
      stream(c, async (out) => {
        await out.write("first ");
        late();
      }),
    sse: (c, late) =>
      streamSSE(c, async (out) => {
        await out.writeSSE({ data: "first" });
        late();
      }),
    response: (_, late) =>
      new Response(
        new ReadableStream(
          {
            pull(controller) {
              controller.enqueue(new TextEncoder().encode("first "));
              late();
              controller.close();
            },
          },
          { highWaterMark: 0 },
        ),
      ),
  };

  it.each(Object.keys(streams))("made by %s has what changes saved before its end", async (name) => {
    const backend = new SlowBackend();
    const { app, errors } = mount(backend);
    app.get("/read", read).get("/count", count);
    app.get("/stream", (c) => {
      const { session } = c.var;
      return streams[name]!(c, () => {
        session.name = "late";
      });
    });
    const cookie = cookieOf(await ask(app, "/count"));
    const answer = await ask(app, "/stream", cookie);
    const saving = backend.hold();
    let opened = false;
    const text = answer.text().then(() => expect(opened).toBe(true));
    await saving.reached;
    opened = true;
    saving.open();
    await text;
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({ visits: 1, name: "late" });
    expect(errors).toEqual([]);
  });

  it("breaks off when the last save fails, and when it would need a cookie", async () => {
    const backend = new SlowBackend();
    const { app, errors } = mount(backend);
    app.get("/count", count);
    app.get("/stream", (c) =>
      stream(c, async (out) => {
        await out.write("first");
        c.get("session").name = `late ${Math.random()}`;
      }),
    );
    const cookie = cookieOf(await ask(app, "/count"));
    await expect((await ask(app, "/stream")).text()).rejects.toMatchObject({ code: "headers_sent" });
    const answer = await ask(app, "/stream", cookie);
    backend.broken = new Error("down");
    await expect(answer.text()).rejects.toMatchObject({ code: "backend_failed" });
    expect(errors).toHaveLength(2);
  });

  it("has its session saved when the client leaves, and makes no part before it is asked for", async () => {
    const { app } = mount();
    let pulled = 0;
    app.get("/count", count).get("/read", read);
    app.get("/stream", (c) => {
      const session = c.get("session");
      return c.body(
        new ReadableStream(
          {
            pull(controller) {
              session.name = `part ${++pulled}`;
              controller.enqueue(new Uint8Array(1));
            },
          },
          { highWaterMark: 0 },
        ),
      );
    });
    const cookie = cookieOf(await ask(app, "/count"));
    const reader = (await ask(app, "/stream", cookie)).body!.getReader();
    await new Promise(setImmediate);
    expect(pulled).toBe(0);
    await reader.read();
    await reader.cancel();
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({ visits: 1, name: "part 1" });
  });
});

describe("other middleware", () => {
  const large = "x".repeat(5000);
  const order = (where: string, other: MiddlewareHandler, ours: MiddlewareHandler) =>
    where === "before" ? ([other, ours] as const) : ([ours, other] as const);

  it.each(["before", "after"])("compress %s leaves answer and session whole", async (where) => {
    const sessions = createSessions<Data>({ cookie: { secure: false } });
    const [first, second] = order(where, compress(), honoSessions(sessions));
    const app = new Hono<Env>().use(first).use(second);
    app.get("/read", read);
    app.get("/", (c) => {
      const session = c.get("session");
      session.visits = 1;
      return c.text(large);
    });
    app.get("/stream", (c) =>
      stream(c, async (out) => {
        await out.write(large);
        c.get("session").name = "late";
      }),
    );
    const headers = { "Accept-Encoding": "gzip" };
    const answer = await ask(app, "/", undefined, { headers });
    expect(answer.headers.get("content-encoding")).toBe("gzip");
    expect(answer.headers.get("vary")).toMatch(/Cookie/);
    const unzipped = answer.body!.pipeThrough(new DecompressionStream("gzip"));
    expect(await new Response(unzipped).text()).toBe(large);
    await (await ask(app, "/stream", cookieOf(answer), { headers })).bytes();
    expect(await (await ask(app, "/read", cookieOf(answer))).json()).toEqual({ visits: 1, name: "late" });
  });

  it.each(["before", "after"])("etag %s answers 304", async (where) => {
    const sessions = createSessions<Data>({ cookie: { secure: false } });
    const [outer, inner] = order(where, etag(), honoSessions(sessions));
    const app = new Hono<Env>().use(outer).use(inner);
    app.get("/count", (c) => {
      count(c);
      return c.text("same");
    });
    app.get("/read", read);
    const first = await ask(app, "/count");
    const headers = { "If-None-Match": first.headers.get("etag")! };
    const again = await ask(app, "/count", cookieOf(first), { headers });
    expect([again.status, again.headers.get("vary")]).toEqual([304, "Cookie"]);
    expect(await (await ask(app, "/read", cookieOf(first))).json()).toEqual({ visits: 2 });
    const anonymous = await ask(app, "/count", undefined, { headers });
    expect(anonymous.headers.getSetCookie()).toHaveLength(1);
  });
});

describe("responses that are not Hono's own", () => {
  it("are passed on if nobody may change them, or if others have them too", async () => {
    const upstream = createServer((_, res) => res.setHeader("X-Up", "1").end("from upstream")).listen(
      0,
      "127.0.0.1",
    );
    await once(upstream, "listening");
    onTestFinished(() => void upstream.close());
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const shared = new Response(null, { status: 204 });
    const { app } = mount();
    app.get("/make/*", async (c, next) => {
      c.get("session").visits = 1;
      await next();
    });
    for (const base of ["", "/make"]) {
      app.get(`${base}/proxy`, () => fetch(url)).get(`${base}/shared`, () => shared);
      app.get(`${base}/redirect`, () => Response.redirect("http://localhost/", 303));
    }
    const cookie = cookieOf(await ask(app, "/make/shared"));
    for (const [path, mine] of [
      ["/make", undefined],
      ["", cookie],
    ] as const) {
      const proxied = await ask(app, `${path}/proxy`, mine);
      expect([proxied.headers.get("x-up"), await proxied.text()]).toEqual(["1", "from upstream"]);
      expect((await ask(app, `${path}/redirect`, mine)).headers.get("location")).toBe("http://localhost/");
      expect((await ask(app, `${path}/shared`, mine)).headers.getSetCookie()).toHaveLength(path ? 1 : 0);
    }
    expect(shared.headers.getSetCookie()).toEqual([]);
  });

  it("get no cookie of one user if others have them too, even if middleware behind ours reads them before the save", async () => {
    const shared = new Response(null, { status: 204 });
    const { app } = mount();
    app.get("/shared", async (c, next) => {
      c.get("session").visits = 1;
      await next();
      expect(c.res.status).toBe(204);
    });
    app.get("/shared", () => shared);
    const lines = [];
    for (let visit = 0; visit < 2; visit++) lines.push(...(await ask(app, "/shared")).headers.getSetCookie());
    expect(new Set(lines).size).toBe(2);
    expect(shared.headers.getSetCookie()).toEqual([]);
  });

  it("are the same objects if they upgrade the connection, and save nothing if they are errors", async () => {
    const backend = new SlowBackend();
    const { app } = mount(backend);
    const upgrade = Object.defineProperty(new Response(null), "status", { value: 101 });
    app.use(async (c, next) => {
      count(c);
      await next();
    });
    app.get("/ws", () => upgrade).get("/error", () => Response.error());
    expect(await ask(app, "/ws")).toBe(upgrade);
    expect(upgrade.headers.getSetCookie()).toHaveLength(1);
    expect(backend.saves).toBe(1);
    expect((await ask(app, "/error")).type).toBe("error");
    expect(backend.saves).toBe(1);
  });
});
