import type { RequestListener } from "node:http";
import { createSessions, InMemorySessionBackend, type SessionBackend, type Sessions } from "micropie";
import { nodeSessions } from "micropie/adapters/node";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import { ask, SlowBackend, serve, Wire } from "./_server.ts";
import { WAYS, type Way } from "./_ways.ts";

const STYLES: Record<string, (sessions: Sessions, way: Way) => RequestListener> = {
  handler: (sessions, way) =>
    nodeSessions(sessions, (req, res) => {
      if (req.url === "/none") return res.end("none");
      req.session.visits = Number(req.session.visits ?? 0) + 1;
      return way.respond(req, res);
    }),
  connect: (sessions, way) => {
    const middleware = nodeSessions(sessions);
    return (req, res) =>
      middleware(req, res, () => {
        if (req.url === "/none") {
          res.end("none");
          return;
        }
        const { session } = req as typeof req & { session: Record<string, number> };
        session.visits = (session.visits ?? 0) + 1;
        void way.respond(req, res);
      });
  },
};

for (const [style, mount] of Object.entries(STYLES)) {
  describe(`O1, ${style} style: the save has finished before the first byte leaves`, () => {
    it.each(WAYS)("$name", async (way) => {
      const backend = new SlowBackend();
      const port = await serve(mount(createSessions({ backend }), way));
      const saving = backend.hold();
      const wire = new Wire(port, "/", {}, way.method);
      await saving.reached;
      // Whole requests come and go, and still there is nothing.
      for (let i = 0; i < 3; i++) expect((await ask(port, "/none")).body).toBe("none");
      expect(wire.received).toBe("");
      saving.open();
      const answer = await wire.all();
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${way.status} `));
      expect(answer).toMatch(/^set-cookie: session_id=/im);
    });

    const backends: Record<string, () => SessionBackend | SlowBackend> = {
      memory: () => new InMemorySessionBackend(),
      sqlite: () => new SqliteSessionBackend(":memory:"),
      "two slow methods": () => new SlowBackend(),
    };
    for (const [name, make] of Object.entries(backends)) {
      it.each(WAYS)(`$name arrives whole, on ${name}`, async (way) => {
        const backend = make();
        const port = await serve(mount(createSessions({ backend: backend as SessionBackend }), way));
        const { method } = way;
        const first = await ask(port, "/", { ...(method && { method }) });
        expect(first).toMatchObject({ status: way.status, body: way.body, cut: false });
        expect(first.headers).toMatchObject(way.headers ?? {});
        expect(first.headers["cache-control"]).toBe("no-store");
        expect(first.headers.vary).toBe(way.headers?.vary ?? "Cookie");
        const cookies = first.headers["set-cookie"]!;
        expect(cookies.slice(0, -1)).toEqual(way.cookies ?? []);
        expect(cookies.at(-1)).toMatch(/^session_id=[\w-]{48}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);

        const second = await ask(port, "/", { cookie: first.cookie, ...(method && { method }) });
        expect(second).toMatchObject({ status: way.status, body: way.body, cut: false });
        expect(second.headers["set-cookie"] ?? []).toEqual(way.cookies ?? []);
        expect(second.headers.vary).toBe(way.headers?.vary ?? "Cookie");
      });
    }
  });
}

describe("a response that waits", () => {
  it("looks as if its calls had been carried out", async () => {
    const backend = new SlowBackend();
    const seen: unknown[] = [];
    const port = await serve(
      nodeSessions(createSessions({ backend }), async (req, res) => {
        req.session.a = 1;
        const saving = backend.hold();
        seen.push(res.headersSent, res.writableEnded);
        expect(res.write("hel")).toBe(false);
        seen.push(res.headersSent, res.writableEnded);
        expect(() => res.setHeader("X-Late", "1")).toThrow(
          expect.objectContaining({ code: "ERR_HTTP_HEADERS_SENT" }),
        );
        expect(() => res.writeHead(500)).toThrow(expect.objectContaining({ code: "ERR_HTTP_HEADERS_SENT" }));
        res.statusCode = 500;
        res.end("lo");
        seen.push(res.headersSent, res.writableEnded, res.finished, res.writableFinished);
        await saving.reached;
        saving.open();
        await new Promise((finished) => res.once("finish", finished));
        seen.push(res.headersSent, res.writableEnded, res.finished, res.writableFinished);
      }),
    );
    const answer = await ask(port);
    expect(answer).toMatchObject({ status: 200, body: "hello", cut: false });
    expect(answer.headers["x-late"]).toBeUndefined();
    expect(seen).toEqual([false, false, true, false, true, true, true, false, true, true, true, true]);
  });

  it("lets what is not an answer pass", async () => {
    const backend = new SlowBackend();
    const port = await serve(
      nodeSessions(createSessions({ backend }), (req, res) => {
        req.session.a = 1;
        res.writeEarlyHints({ link: "</style.css>; rel=preload" });
        res.writeContinue();
        res.end("hello");
      }),
    );
    const saving = backend.hold();
    const wire = new Wire(port, "/");
    await wire.until("100 Continue\r\n\r\n");
    await saving.reached;
    expect(wire.received).toMatch(/^HTTP\/1.1 103 .*100 Continue\r\n\r\n$/s);
    saving.open();
    expect(await wire.all()).toContain("HTTP/1.1 200 OK");
  });

  it("is saved although the client has left", async () => {
    const backend = new SlowBackend();
    const sessions = createSessions<{ visits: number }>({ backend });
    const order: string[] = [];
    const port = await serve(
      nodeSessions(sessions, async (req, res) => {
        req.session.visits = (req.session.visits ?? 0) + 1;
        res.end(String(req.session.visits), () => order.push("finish"));
        res.once("close", () => order.push("close"));
      }),
    );
    const { cookie } = await ask(port);
    const saving = backend.hold();
    const wire = new Wire(port, "/", { cookie });
    await saving.reached;
    wire.socket.resetAndDestroy();
    while (!order.includes("close")) await ask(port, "/other").catch(() => {});
    saving.open();
    expect((await ask(port, "/", { cookie })).body).toBe("3");
  });
});

describe("the head", () => {
  it("may be written before the session changes", async () => {
    const port = await serve(
      nodeSessions(createSessions<{ visits: number }>(), (req, res) => {
        res.writeHead(200, { "Content-Type": "text/plain" });
        req.session.visits = (req.session.visits ?? 0) + 1;
        res.end(String(req.session.visits));
      }),
    );
    const first = await ask(port);
    expect(first).toMatchObject({ status: 200, body: "1" });
    expect((await ask(port, "/", { cookie: first.cookie })).body).toBe("2");
  });

  it("has the last word against whoever changes headers late", async () => {
    const port = await serve(
      nodeSessions(createSessions<{ a: number }>(), (req, res) => {
        const before = res.writeHead;
        res.writeHead = function (this: typeof res, ...args: unknown[]) {
          this.setHeader("Cache-Control", "public, max-age=1000");
          return (before as (...args: unknown[]) => typeof res).apply(this, args);
        } as typeof res.writeHead;
        req.session.a = 1;
        res.end("hello");
      }),
    );
    const answer = await ask(port);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.cookie).toBeDefined();
  });

  it("is left alone when nobody looked at the session", async () => {
    const port = await serve(
      nodeSessions(createSessions(), (req, res) => {
        if (req.url === "/make") req.session.a = 1;
        res.writeHead(200, ["X-Raw", "1", "x-raw", "2", "Cache-Control", "public"]).end("hello");
      }),
    );
    const { cookie } = await ask(port, "/make");
    for (const init of [{}, { cookie }]) {
      const { rawHeaders } = await ask(port, "/", init);
      expect(rawHeaders.slice(0, 6)).toEqual(["X-Raw", "1", "x-raw", "2", "Cache-Control", "public"]);
      expect(rawHeaders.join().toLowerCase()).not.toMatch(/vary|set-cookie/);
    }
  });

  it("says Vary: Cookie as soon as somebody looked", async () => {
    const port = await serve(nodeSessions(createSessions(), (req, res) => res.end(String(req.session.a))));
    const { headers } = await ask(port);
    expect(headers).toMatchObject({ vary: "Cookie" });
    expect(headers["set-cookie"]).toBeUndefined();
  });
});

it("replaces the data on assignment, and {} ends the session", async () => {
  const port = await serve(
    nodeSessions(createSessions(), (req, res) => {
      if (req.url === "/a") req.session = { a: 1, b: 2 };
      if (req.url === "/b") req.session = { b: 3 };
      if (req.url === "/end") req.session = {};
      res.end(JSON.stringify(req.session));
    }),
  );
  const { cookie } = await ask(port, "/a");
  await ask(port, "/b", { cookie });
  expect((await ask(port, "/", { cookie })).body).toBe('{"b":3}');
  expect((await ask(port, "/end", { cookie })).headers["set-cookie"]).toEqual([
    expect.stringContaining("Max-Age=0"),
  ]);
  expect((await ask(port, "/", { cookie })).body).toBe("{}");
});

it("gives requests their session alone, and frees it when the client leaves", async () => {
  const sessions = createSessions<{ count: number }>({ lock: { wait: 60 } });
  const order: string[] = [];
  const left: (() => void)[] = [];
  const middleware = nodeSessions(sessions, { exclusive: (req) => req.url !== "/free" });
  const port = await serve((req, res) =>
    middleware(req, res, async () => {
      const { session } = req as typeof req & { session: { count?: number } };
      if (req.url === "/stuck") {
        order.push("stuck");
        for (const go of left) go();
        return;
      }
      const count = session.count ?? 0;
      await new Promise(setImmediate);
      session.count = count + 1;
      res.end(String(session.count));
    }),
  );
  const { cookie } = await ask(port);
  await Promise.all(Array.from({ length: 10 }, () => ask(port, "/", { cookie })));
  expect((await ask(port, "/", { cookie })).body).toBe("12");

  const stuck = new Promise<void>((go) => left.push(go));
  const wire = new Wire(port, "/stuck", { cookie });
  await stuck;
  wire.socket.destroy();
  expect((await ask(port, "/", { cookie })).body).toBe("13");
});

it("is mounted once: the same sessions again change nothing, others are an error", async () => {
  const sessions = createSessions<{ visits: number }>();
  const middleware = nodeSessions(sessions);
  const port = await serve((req, res) =>
    middleware(req, res, () =>
      middleware(req, res, () => {
        expect(() => nodeSessions(createSessions())(req, res, () => {})).toThrow(/twice/);
        (req as typeof req & { session: { visits: number } }).session.visits = 1;
        res.end("hello");
      }),
    ),
  );
  expect((await ask(port)).headers["set-cookie"]).toHaveLength(1);
});

it("B3: says once that the browser drops a Secure cookie, and how to mend it", async () => {
  const warnings: string[] = [];
  const listen = ({ message }: Error) => void warnings.push(message);
  process.on("warning", listen);
  onTestFinished(() => void process.off("warning", listen));
  const port = await serve(
    nodeSessions(createSessions<{ a: number }>(), (req, res) => {
      if (req.url === "/make") req.session.a = 1;
      res.end("hello");
    }),
  );
  const https = { "X-Forwarded-Proto": "https" };
  await new Wire(port, "/make", { Host: "example.com", ...https }).all();
  await new Wire(port, "/", { Host: "example.com" }).all();
  expect(warnings).toEqual([]);
  for (let i = 0; i < 3; i++) await new Wire(port, "/make", { Host: "example.com" }).all();
  expect(warnings).toEqual([expect.stringMatching(/example\.com.*plain http.*X-Forwarded-Proto/s)]);
});
