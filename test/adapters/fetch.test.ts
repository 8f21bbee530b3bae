import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createSessions, login, type Session, StateError, save } from "micropie";
import { type FetchSessionsOptions, fetchSessions } from "micropie/adapters/fetch";
import { gate } from "micropie/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { SlowBackend } from "./_server.ts";

// The type of the DOM does not know it yet.
const readableFrom = (chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>) =>
  (ReadableStream as unknown as { from(from: typeof chunks): ReadableStream<Uint8Array<ArrayBuffer>> }).from(
    chunks,
  );

type Data = { visits: number; late: number };
type Handler = (request: Request, session: Session<Data>) => Response | Promise<Response>;

function mount(handler: Handler, backend?: SlowBackend, options: FetchSessionsOptions = {}) {
  const errors: unknown[] = [];
  const sessions = createSessions<Data>({ ...(backend && { backend }), cookie: { secure: false } });
  const wrapped = fetchSessions(sessions, handler, { onError: (error) => errors.push(error), ...options });
  const ask = (path = "/", cookie?: string, init: RequestInit = {}) =>
    wrapped(new Request(`http://localhost${path}`, { ...init, headers: cookie ? { cookie } : {} }));
  return { ask, errors, wrapped };
}

const cookieOf = (response: Response) => response.headers.getSetCookie().at(-1)?.split(";")[0];

const count: Handler = (_, session) => {
  session.visits = (session.visits ?? 0) + 1;
  return new Response(String(session.visits));
};

describe("fetch", () => {
  it("has one session in a request, however often the same sessions are asked for", async () => {
    const backend = new SlowBackend();
    const sessions = createSessions<Data>({ backend, cookie: { secure: false } });
    const other = createSessions({ cookie: { name: "other", secure: false } });
    const inner = fetchSessions(sessions, count);
    const between = fetchSessions(other, (request) => inner(request));
    const outer = fetchSessions(sessions, async (request, session) => {
      count(request, session);
      await Promise.all([inner(request), between(request)]);
      return count(request, session);
    });
    const request = new Request("http://localhost/");
    const first = await outer(request);
    expect([await first.text(), first.headers.getSetCookie().length]).toEqual(["4", 1]);
    const cookie = cookieOf(first)!;
    const again = await outer(new Request("http://localhost/", { headers: { cookie } }));
    expect(await again.text()).toBe("8");
    // The same Request once more is another request.
    expect(await (await outer(request)).text()).toBe("4");
  });

  it("counts, and hands over the response after the save", async () => {
    const backend = new SlowBackend();
    const { ask } = mount(count, backend);
    const saving = backend.hold();
    let answered = false;
    const asked = ask().then((response) => {
      expect(answered).toBe(true);
      return response;
    });
    await saving.reached;
    await new Promise(setImmediate);
    answered = true;
    saving.open();
    const first = await asked;
    expect(await first.text()).toBe("1");
    expect(first.headers.get("cache-control")).toBe("no-store");
    expect(first.headers.get("vary")).toBe("Cookie");
    const second = await ask("/", cookieOf(first));
    expect(await second.text()).toBe("2");
    expect(second.headers.getSetCookie()).toEqual([]);
    expect(second.headers.get("cache-control")).toBe("private");
  });

  const responses: Record<string, () => Response> = {
    text: () =>
      new Response("hello", { status: 201, statusText: "Made", headers: { "X-A": "1", Vary: "Origin" } }),
    json: () =>
      Response.json(
        { a: 1 },
        {
          headers: [
            ["Set-Cookie", "a=1"],
            ["Set-Cookie", "b=2"],
          ],
        },
      ),
    bytes: () => new Response(new Uint8Array([0, 255, 128]), { headers: { "Content-Length": "3" } }),
    blob: () =>
      new Response(new Blob(["hello"], { type: "text/x" }), { headers: { "Cache-Control": "public" } }),
    redirect: () => Response.redirect("http://localhost/next", 303),
    empty: () => new Response(),
    "204": () => new Response(null, { status: 204 }),
    "304": () => new Response(null, { status: 304, headers: { ETag: '"1"' } }),
    form: () => new Response(new URLSearchParams({ a: "1" })),
    stream: () => new Response(readableFrom(["a", "b", "c"].map((text) => new TextEncoder().encode(text)))),
  };
  it.each(Object.entries(responses))("leaves a response whole: %s", async (_, make) => {
    const { ask } = mount((_, session) => {
      session.visits = 1;
      return make();
    });
    const expected = make();
    const body = await make().bytes();
    const first = await ask();
    const second = await ask("/", cookieOf(first));
    for (const got of [first, second]) {
      expect([got.status, got.statusText]).toEqual([expected.status, expected.statusText]);
      expect(got.body === null).toBe(expected.body === null);
      expect(await got.bytes()).toEqual(body);
      expect(got.headers.get("vary")).toBe(expected.headers.has("vary") ? "Origin, Cookie" : "Cookie");
      for (const [name, value] of expected.headers) {
        if (!["vary", "cache-control", "set-cookie"].includes(name))
          expect(got.headers.get(name)).toBe(value);
      }
    }
    expect(first.headers.get("cache-control")).toBe("no-store");
    expect(first.headers.getSetCookie().slice(0, -1)).toEqual(expected.headers.getSetCookie());
    expect(second.headers.get("cache-control")).toBe(expected.headers.get("cache-control") ?? "private");
    expect(second.headers.getSetCookie()).toEqual(expected.headers.getSetCookie());
  });

  it("passes on a response that came from fetch", async () => {
    const upstream = createServer((_, res) => res.setHeader("X-Up", "1").end("from upstream")).listen(
      0,
      "127.0.0.1",
    );
    await once(upstream, "listening");
    onTestFinished(() => void upstream.close());
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    const { ask } = mount((_, session) => {
      session.visits = 1;
      return fetch(url);
    });
    for (const cookie of [undefined, cookieOf(await ask())]) {
      const answer = await ask("/", cookie);
      expect(answer.headers.get("x-up")).toBe("1");
      expect(answer.headers.get("vary")).toBe("Cookie");
      expect(await answer.text()).toBe("from upstream");
    }
  });

  it("puts nobody's cookie into a response that is shared", async () => {
    const shared = new Response(null, { status: 204 });
    const { ask } = mount((request, session) => {
      if (request.url.endsWith("/make")) session.visits = 1;
      return shared;
    });
    expect((await ask("/make")).headers.getSetCookie()).toHaveLength(1);
    expect((await ask("/make")).headers.getSetCookie()).toHaveLength(1);
    expect((await ask("/")).headers.getSetCookie()).toEqual([]);
    expect(shared.headers.getSetCookie()).toEqual([]);
  });

  it("passes on upgrades as they are", async () => {
    const upgrade = Object.defineProperty(new Response(null), "status", { value: 101 });
    const { ask } = mount((_, session) => {
      session.visits = 1;
      return upgrade;
    });
    expect(await ask()).toBe(upgrade);
    expect(upgrade.headers.getSetCookie()).toHaveLength(1);
  });

  it("saves nothing with Response.error()", async () => {
    const backend = new SlowBackend();
    const { ask } = mount((_, session) => {
      session.visits = 1;
      return Response.error();
    }, backend);
    expect((await ask()).type).toBe("error");
    expect(backend.saves).toBe(0);
  });

  it("passes further arguments on", async () => {
    const wrapped = fetchSessions(
      createSessions<Data>(),
      (_request, _session, env: { name: string }, context: { done: boolean }) =>
        Response.json([env.name, context.done]),
    );
    const answer = await wrapped(new Request("http://localhost/"), { name: "env" }, { done: true });
    expect(await answer.json()).toEqual(["env", true]);
  });
});

describe("fetch, when it fails", () => {
  it("answers an error instead of the response whose save failed", async () => {
    const backend = new SlowBackend();
    const cancelled = gate();
    const { ask, errors } = mount((_, session) => {
      login(session, "user");
      return new Response(new ReadableStream({ cancel: cancelled.open }), { headers: { "X-Secret": "1" } });
    }, backend);
    backend.broken = new Error("connect ECONNREFUSED 10.0.0.1");
    const answer = await ask();
    expect(answer.status).toBe(503);
    expect(await answer.text()).toBe("Service Unavailable");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.headers.get("x-secret")).toBeNull();
    expect(errors).toEqual([expect.objectContaining({ code: "backend_failed" })]);
    await cancelled.wait();
  });

  it("names no key when the data cannot be stored", async () => {
    const { ask, errors } = mount((_, session) => {
      (session as unknown as Record<string, unknown>).secretFunction = () => {};
      return new Response("fine");
    });
    const answer = await ask();
    expect(answer.status).toBe(500);
    expect(await answer.text()).toBe("Internal Server Error");
    expect(errors).toEqual([expect.objectContaining({ code: "unsupported", key: "secretFunction" })]);
  });

  it("answers 503 when the session cannot be read, and the handler does not run", async () => {
    let ran = 0;
    const down = {
      load: () => Promise.reject(new Error("down")),
      save: () => Promise.reject(new Error("down")),
    };
    const handler = fetchSessions(
      createSessions({ backend: down }),
      () => {
        ran += 1;
        return new Response();
      },
      { onError: () => {} },
    );
    const cookie = `session_id=${"a".repeat(48)}`;
    expect((await handler(new Request("http://localhost/", { headers: { cookie } }))).status).toBe(503);
    expect(ran).toBe(0);
    expect((await handler(new Request("http://localhost/"))).status).toBe(200);
  });

  it("answers a SessionError of the handler, with the cookie of an explicit commit", async () => {
    const { ask, errors } = mount(async (request, session) => {
      session.visits = (session.visits ?? 0) + 1;
      if (!request.url.endsWith("/throw")) return new Response(String(session.visits));
      await save(session);
      session.visits = 99;
      throw new StateError("conflict", "mine");
    });
    const answer = await ask("/throw");
    expect([answer.status, await answer.text()]).toEqual([409, "Conflict"]);
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    expect(await (await ask("/", cookieOf(answer))).text()).toBe("2");
    expect(errors).toEqual([expect.objectContaining({ code: "conflict" })]);
  });

  it("passes on what the handler throws, and saves nothing", async () => {
    const { ask } = mount((request, session) => {
      session.visits = (session.visits ?? 0) + 1;
      if (request.url.endsWith("/throw")) throw new RangeError("mine");
      return new Response(String(session.visits));
    });
    const cookie = cookieOf(await ask());
    await expect(ask("/throw", cookie)).rejects.toThrow("mine");
    expect(await (await ask("/", cookie)).text()).toBe("2");
  });
});

describe("fetch, while the body streams", () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  const streaming =
    (late: (session: Session<Data>) => void): Handler =>
    (request, session) => {
      if (!request.url.endsWith("/stream")) {
        session.visits ??= 1;
        return new Response(String(session.late));
      }
      return new Response(
        readableFrom(
          (async function* () {
            yield encode("first ");
            await new Promise(setImmediate);
            late(session);
            yield encode("last");
          })(),
        ),
      );
    };

  it("saves what changes, before the end", async () => {
    const backend = new SlowBackend();
    const { ask } = mount(
      streaming((session) => {
        session.late = 1;
      }),
      backend,
    );
    const cookie = cookieOf(await ask());
    const reader = (await ask("/stream", cookie)).body!.getReader();
    expect((await reader.read()).done).toBe(false);
    const saving = backend.hold();
    expect((await reader.read()).done).toBe(false);
    let opened = false;
    const ended = reader.read().then(({ done }) => expect([done, opened]).toEqual([true, true]));
    await saving.reached;
    await new Promise(setImmediate);
    opened = true;
    saving.open();
    await ended;
    expect(await (await ask("/", cookie)).text()).toBe("1");
  });

  it("breaks off when that save fails, or would need a cookie", async () => {
    const backend = new SlowBackend();
    const { ask, errors } = mount(
      streaming((session) => {
        session.late = 1;
      }),
      backend,
    );
    const cookie = cookieOf(await ask());
    await expect((await ask("/stream")).text()).rejects.toMatchObject({ code: "headers_sent" });
    const answer = await ask("/stream", cookie);
    backend.broken = new Error("down");
    await expect(answer.text()).rejects.toMatchObject({ code: "backend_failed" });
    expect(errors).toHaveLength(2);
  });

  it("saves nothing more when the body fails, and passes its error on", async () => {
    const { ask } = mount(
      streaming((session) => {
        session.late = 1;
        throw new RangeError("mine");
      }),
    );
    const cookie = cookieOf(await ask());
    await expect((await ask("/stream", cookie)).text()).rejects.toThrow("mine");
    expect(await (await ask("/", cookie)).text()).toBe("undefined");
  });

  it("tells the body when the client leaves, and saves what changed until then", async () => {
    let reason: unknown;
    const { ask } = mount((request, session) => {
      if (!request.url.endsWith("/stream")) {
        session.visits ??= 1;
        return new Response(String(session.late));
      }
      return new Response(
        new ReadableStream({
          pull(controller) {
            session.late = (session.late ?? 0) + 1;
            controller.enqueue(encode("tick"));
          },
          cancel(given) {
            reason = given;
          },
        }),
      );
    });
    const cookie = cookieOf(await ask());
    const reader = (await ask("/stream", cookie)).body!.getReader();
    await reader.read();
    await reader.cancel("gone");
    expect(reason).toBe("gone");
    expect(Number(await (await ask("/", cookie)).text())).toBeGreaterThan(0);
  });

  it("tells once of a save that fails when the client leaves while it waits", async () => {
    const backend = new SlowBackend();
    const { ask, errors } = mount((request, session) => {
      if (!request.url.endsWith("/stream")) {
        session.visits = 1;
        return new Response();
      }
      const cancel = (): void => {
        session.late = 1;
      };
      return new Response(new ReadableStream({ pull: () => new Promise<void>(() => {}), cancel }));
    }, backend);
    const cookie = cookieOf(await ask());
    const reader = (await ask("/stream", cookie)).body!.getReader();
    const waiting = reader.read();
    backend.broken = new Error("down");
    await reader.cancel();
    await waiting;
    await new Promise(setImmediate);
    expect(errors).toHaveLength(1);
  });

  it("reads no faster than the client does", async () => {
    let pulled = 0;
    const { ask } = mount(
      () =>
        new Response(
          new ReadableStream(
            {
              pull(controller) {
                pulled += 1;
                controller.enqueue(encode("x"));
              },
            },
            { highWaterMark: 0 },
          ),
        ),
    );
    const reader = (await ask()).body!.getReader();
    await new Promise(setImmediate);
    expect(pulled).toBe(0);
    await reader.read();
    await new Promise(setImmediate);
    expect(pulled).toBe(1);
    await reader.cancel();
  });
});

it("gives requests their session alone", async () => {
  const { ask } = mount(
    async (_, session) => {
      const visits = session.visits ?? 0;
      await new Promise(setImmediate);
      session.visits = visits + 1;
      return new Response(String(session.visits));
    },
    undefined,
    { exclusive: (request) => !request.url.endsWith("/free") },
  );
  const cookie = cookieOf(await ask());
  await Promise.all(Array.from({ length: 10 }, () => ask("/", cookie)));
  expect(await (await ask("/", cookie)).text()).toBe("12");
});
