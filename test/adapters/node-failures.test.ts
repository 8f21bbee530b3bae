import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createSessions, InMemorySessionBackend, login, StateError, save } from "micropie";
import { type NodeSessionsOptions, nodeSessions, type RequestWithSession } from "micropie/adapters/node";
import { type Gate, gate } from "micropie/testing";
import { describe, expect, it } from "vitest";
import { type Answer, ask, SlowBackend, serve, Wire } from "./_server.ts";
import { WAYS } from "./_ways.ts";

type Data = { visits: number; late: number };
type Handler = (req: RequestWithSession<Data>, res: ServerResponse) => unknown;

/** Saves fail at once, inside the call that responds. */
class BrokenMemory extends InMemorySessionBackend {
  broken: Error | undefined;
  override create(...args: Parameters<InMemorySessionBackend["create"]>): boolean {
    if (this.broken !== undefined) throw this.broken;
    return super.create(...args);
  }
  override patch(...args: Parameters<InMemorySessionBackend["patch"]>) {
    if (this.broken !== undefined) throw this.broken;
    return super.patch(...args);
  }
}

const BACKENDS = { "at once": () => new BrokenMemory(), later: () => new SlowBackend() };
const DOWN = new Error("connect ECONNREFUSED 10.0.0.1:5432");

function collect(): { options: NodeSessionsOptions; errors: unknown[] } {
  const errors: unknown[] = [];
  return { errors, options: { onError: (error) => errors.push(error) } };
}

/** A framework in Connect style, as small as they get. `answer` is its error handler. */
function framework(
  sessions: ReturnType<typeof createSessions<Data>>,
  handler: Handler,
  answer: (error: unknown, res: ServerResponse, req: IncomingMessage) => unknown,
  options?: NodeSessionsOptions,
) {
  const middleware = nodeSessions(sessions, options);
  return (req: IncomingMessage, res: ServerResponse): void =>
    middleware(req, res, async (error) => {
      try {
        if (error !== undefined) throw error;
        await handler(req as never, res);
      } catch (thrown) {
        await answer(thrown, res, req);
      }
    });
}

const count: Handler = (req, res) => {
  req.session.visits = (req.session.visits ?? 0) + 1;
  res.end(String(req.session.visits));
};

for (const [when, make] of Object.entries(BACKENDS)) {
  describe(`a save that fails ${when}`, () => {
    it.each(WAYS)("is an error answer, never 200: $name", async (way) => {
      const backend = make();
      const { options, errors } = collect();
      const handler: Handler = (req, res) => {
        req.session.visits = 1;
        return way.respond(req, res);
      };
      const port = await serve(nodeSessions(createSessions<Data>({ backend }), handler, options));
      backend.broken = DOWN;
      const answer = await ask(port, "/", way.method ? { method: way.method } : {});
      expect(answer).toMatchObject({ status: 503, cookie: undefined, cut: false });
      expect(answer.body).toBe(way.method === "HEAD" ? "" : "Service Unavailable");
      expect(answer.headers).toMatchObject({ "cache-control": "no-store" });
      for (const name of ["set-cookie", "x-way", "location", "etag"])
        expect(answer.headers[name]).toBeUndefined();
      expect(errors[0]).toMatchObject({ code: "backend_failed", cause: DOWN });
      backend.broken = undefined;
      expect((await ask(port)).status).toBe(way.status);
    });

    // Another status is an error already.
    it.each(WAYS.filter(({ status }) => status < 400))(
      "goes to next(error), which answers: $name",
      async (way) => {
        const backend = make();
        const port = await serve(
          framework(
            createSessions<Data>({ backend }),
            (req, res) => {
              req.session.visits = 1;
              return way.respond(req, res);
            },
            async (error, res) => {
              expect(res.headersSent).toBe(false);
              await new Promise(setImmediate);
              res.setHeader("Content-Type", "text/html");
              res.write("<h1>");
              await new Promise(setImmediate);
              res.end(`${(error as Error).name}</h1>`);
            },
          ),
        );
        backend.broken = DOWN;
        const answer = await ask(port);
        expect(answer).toMatchObject({
          status: 503,
          body: "<h1>BackendError</h1>",
          cookie: undefined,
          cut: false,
        });
        expect(answer.headers).toMatchObject({ "content-type": "text/html", "cache-control": "no-store" });
        for (const name of ["set-cookie", "location", "etag"]) expect(answer.headers[name]).toBeUndefined();
        backend.broken = undefined;
        expect((await ask(port)).status).toBe(way.status);
      },
    );

    it("tells the callbacks of what was thrown away, and what is still written goes nowhere", async () => {
      const backend = make();
      const { options } = collect();
      const told: unknown[] = [];
      const source = new PassThrough();
      const port = await serve(
        nodeSessions(
          createSessions<Data>({ backend }),
          async (req, res) => {
            req.session.visits = 1;
            res.write("secret 1", (error) => told.push(["1", error?.name]));
            source.pipe(res, { end: false });
            source.write("secret 2");
            source.end("secret 3");
            await once(source, "end");
            res.write("secret 4", (error) => told.push(["4", error?.message]));
            res.end("secret 5", () => told.push(["5"]));
          },
          options,
        ),
      );
      backend.broken = DOWN;
      expect(await ask(port)).toMatchObject({ status: 503, body: "Service Unavailable", cut: false });
      while (told.length < 3) await new Promise(setImmediate);
      expect(told).toEqual([["1", "BackendError"], ["4", expect.stringContaining("dropped")], ["5"]]);
    });

    it("after the first byte cuts the answer, so that the client sees it", async () => {
      const backend = make();
      const { options, errors } = collect();
      let go: Gate;
      const port = await serve(
        nodeSessions(
          createSessions<Data>({ backend }),
          async (req, res) => {
            const { cookie } = req.headers;
            if (cookie === undefined) return count(req, res);
            res.write("first ");
            await go.wait();
            if (req.url !== "/") backend.broken = DOWN;
            req.session.late = (req.session.late ?? 0) + 1;
            return res.end("last");
          },
          options,
        ),
      );
      const { cookie } = await ask(port);
      const stream = async (path: string): Promise<string> => {
        go = gate();
        const wire = new Wire(port, path, { cookie });
        await wire.until("first ");
        go.open();
        return wire.all();
      };
      expect(await stream("/")).toMatch(/last\r\n0\r\n\r\n$/);
      const cut = await stream("/broken");
      expect(cut).toContain("200 OK");
      expect(cut).not.toContain("last");
      expect(cut).not.toMatch(/\r\n0\r\n\r\n$/);
      expect(errors).toEqual([expect.objectContaining({ code: "backend_failed" })]);
    });
  });

  describe(`after the first byte, saving ${when}`, () => {
    const stream: Handler = async (req, res) => {
      if (req.url === "/start") return count(req, res);
      if (req.url === "/read") return res.end(String(req.session.late));
      res.write("first ");
      await new Promise(setImmediate);
      req.session.late = (req.session.late ?? 0) + 1;
      return res.end("last");
    };

    it("what changes is saved at the end", async () => {
      const port = await serve(nodeSessions(createSessions<Data>({ backend: make() }), stream));
      const { cookie } = await ask(port, "/start");
      expect(await ask(port, "/", { cookie })).toMatchObject({ body: "first last", cut: false });
      expect((await ask(port, "/read", { cookie })).body).toBe("1");
    });

    it("what changes while the first save runs is saved, too", async () => {
      const backend = new SlowBackend();
      const port = await serve(
        nodeSessions(createSessions<Data>({ backend }), (req, res) => {
          if (req.url === "/read") return res.end(String(req.session.late));
          req.session.visits = 1;
          res.write("first ");
          req.session.late = 7;
          return res.end("last", () => res.socket);
        }),
      );
      const { cookie, body } = await ask(port);
      expect(body).toBe("first last");
      expect((await ask(port, "/read", { cookie })).body).toBe("7");
    });

    it("the last save has finished before the end leaves", async () => {
      const backend = new SlowBackend();
      const port = await serve(nodeSessions(createSessions<Data>({ backend }), stream));
      const { cookie } = await ask(port, "/start");
      const saving = backend.hold();
      const wire = new Wire(port, "/", { cookie });
      await saving.reached;
      await wire.until("first ");
      expect((await ask(port, "/read")).body).toBe("undefined");
      expect(wire.received).not.toContain("last");
      saving.open();
      expect(await wire.all()).toMatch(/last\r\n0\r\n\r\n$/);
    });

    it("a change that needs a cookie is an error, and no orphan is stored", async () => {
      const backend = make();
      const { options, errors } = collect();
      const port = await serve(nodeSessions(createSessions<Data>({ backend }), stream, options));
      expect(await ask(port)).toMatchObject({ status: 200, cut: true, cookie: undefined });
      expect(errors).toEqual([expect.objectContaining({ code: "headers_sent" })]);
      if (backend instanceof SlowBackend) expect(backend.saves).toBe(0);
    });

    it("what changed is saved when the client leaves in the middle", async () => {
      const left = gate();
      const sessions = createSessions<Data>({ backend: make() });
      const port = await serve(
        nodeSessions(sessions, (req, res) => {
          if (req.url !== "/stream") return stream(req, res);
          new Readable({ read() {} }).pipe(res);
          res.write("first ");
          req.session.late = 5;
          return res.once("close", left.open);
        }),
      );
      const { cookie } = await ask(port, "/start");
      const wire = new Wire(port, "/stream", { cookie });
      await wire.until("first ");
      wire.socket.destroy();
      await left.wait();
      let answer: Answer;
      do answer = await ask(port, "/read", { cookie });
      while (answer.body === "undefined");
      expect(answer.body).toBe("5");
    });
  });

  describe(`a handler that throws, with a back-end that answers ${when}`, () => {
    const throws: Handler = async (req, res) => {
      if (req.url === "/") return count(req, res);
      req.session.visits = 100;
      if (req.url === "/sync") throw new Error("secret details");
      await null;
      if (req.url === "/commit") await save(req.session);
      if (req.url === "/conflict") throw new StateError("conflict", "secret details");
      if (req.url === "/head") res.writeHead(200, { "X-Secret": "1" });
      if (req.url === "/streaming") {
        res.write("first ");
        await new Promise(setImmediate);
        req.session.visits = 200;
      }
      if (req.url === "/after") res.end("whole");
      throw new Error("secret details");
    };

    it("saves nothing and leaks nothing", async () => {
      const { options, errors } = collect();
      const port = await serve(nodeSessions(createSessions<Data>({ backend: make() }), throws, options));
      const { cookie } = await ask(port);
      for (const path of ["/sync", "/async", "/head"]) {
        const answer = await ask(port, path, { cookie });
        expect(answer).toMatchObject({ status: 500, body: "Internal Server Error", cut: false });
        expect(JSON.stringify(answer)).not.toMatch(/secret/i);
      }
      expect(await ask(port, "/conflict", { cookie })).toMatchObject({ status: 409, body: "Conflict" });
      expect(errors).toHaveLength(4);
      expect((await ask(port, "/", { cookie })).body).toBe("2");
    });

    it("keeps what it committed itself, cookie included", async () => {
      const { options } = collect();
      const port = await serve(nodeSessions(createSessions<Data>({ backend: make() }), throws, options));
      const answer = await ask(port, "/commit");
      expect(answer).toMatchObject({ status: 500, headers: { "cache-control": "no-store", vary: "Cookie" } });
      expect((await ask(port, "/", { cookie: answer.cookie })).body).toBe("101");
    });

    it("after the first byte cuts the answer, and saves no more", async () => {
      const { options, errors } = collect();
      const port = await serve(nodeSessions(createSessions<Data>({ backend: make() }), throws, options));
      const { cookie } = await ask(port);
      expect(await ask(port, "/streaming", { cookie }).catch((error) => error)).toSatisfy(
        (answer) => answer.cut === true || answer.code === "ECONNRESET",
      );
      expect(errors).toEqual([expect.objectContaining({ message: "secret details" })]);
      expect((await ask(port, "/", { cookie })).body).not.toBe("201");
    });

    it("after the whole answer changes nothing about it", async () => {
      const { options, errors } = collect();
      const port = await serve(nodeSessions(createSessions<Data>({ backend: make() }), throws, options));
      expect(await ask(port, "/after")).toMatchObject({ status: 200, body: "whole", cut: false });
      expect(errors).toHaveLength(1);
    });

    it("saves nothing in Connect style, where an answer of 500 or more shows it", async () => {
      const answer = (error: unknown, res: ServerResponse) => {
        if (!res.headersSent) res.writeHead(500).end((error as Error).message);
        else res.destroy();
      };
      const port = await serve(framework(createSessions<Data>({ backend: make() }), throws, answer));
      const { cookie } = await ask(port);
      expect(await ask(port, "/sync", { cookie })).toMatchObject({ status: 500, body: "secret details" });
      expect((await ask(port, "/", { cookie })).body).toBe("2");
      const committed = await ask(port, "/commit");
      expect((await ask(port, "/", { cookie: committed.cookie })).body).toBe("101");
    });
  });
}

describe("a session that cannot be read", () => {
  const down = {
    load: async () => {
      throw DOWN;
    },
    save: async () => {},
  };
  const cookie = `session_id=${"a".repeat(48)}`;

  it("is 503, and the handler does not run", async () => {
    const { options, errors } = collect();
    let ran = 0;
    const port = await serve(
      nodeSessions(createSessions({ backend: down }), (_, res) => res.end(String(++ran)), options),
    );
    expect(await ask(port, "/", { cookie })).toMatchObject({ status: 503, body: "Service Unavailable" });
    expect(ran).toBe(0);
    expect(errors).toEqual([expect.objectContaining({ code: "backend_failed" })]);
    expect((await ask(port)).body).toBe("1");
  });

  it("goes to next(error)", async () => {
    const port = await serve(
      framework(
        createSessions<Data>({ backend: down }),
        (_, res) => res.end("fine"),
        (error, res, req) =>
          res.end(`${(error as Error).name} ${(req as unknown as { session: Data }).session.visits}`),
      ),
    );
    expect(await ask(port, "/", { cookie })).toMatchObject({ status: 503, body: "BackendError undefined" });
  });
});

it("answers errors through wrappers that have seen the end of the answer thrown away", async () => {
  const backend = new SlowBackend();
  const port = await serve(
    framework(
      createSessions<Data>({ backend }),
      (req, res) => {
        // As compression does it.
        const end = res.end;
        let ended = false;
        res.end = function (this: ServerResponse, ...args: [never, never, never]) {
          if (ended) return this;
          ended = true;
          return end.apply(this, args);
        } as typeof res.end;
        count(req, res);
      },
      (error, res) => res.end((error as Error).name),
    ),
  );
  backend.broken = DOWN;
  expect(await ask(port)).toMatchObject({ status: 503, body: "BackendError" });
});

it("a sign-in that cannot be stored is not answered as one", async () => {
  const backend = new SlowBackend();
  const { options } = collect();
  const port = await serve(
    nodeSessions(
      createSessions<Data>({ backend }),
      (req, res) => {
        login(req.session, "user");
        res.writeHead(303, { Location: "/welcome", "Set-Cookie": "remembered=1" }).end();
      },
      options,
    ),
  );
  backend.broken = DOWN;
  const answer = await ask(port);
  expect(answer.status).toBe(503);
  expect(answer.headers.location).toBeUndefined();
  expect(answer.headers["set-cookie"]).toBeUndefined();
});

it("pipeline ends when the answer that it feeds is thrown away", async () => {
  const backend = new SlowBackend();
  const { options } = collect();
  const done = Promise.withResolvers<void>();
  const port = await serve(
    nodeSessions(
      createSessions<Data>({ backend }),
      (req, res) => {
        req.session.visits = 1;
        const ticks = new Readable({
          highWaterMark: 1,
          read: () => void setImmediate(() => ticks.push("tick")),
        });
        pipeline(ticks, res).then(done.resolve, done.resolve);
      },
      options,
    ),
  );
  backend.broken = DOWN;
  expect(await ask(port)).toMatchObject({ status: 503, body: "Service Unavailable" });
  await done.promise;
});
