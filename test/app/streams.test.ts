import { once } from "node:events";
import { connect } from "node:net";
import { Readable } from "node:stream";
import { App, HttpError, html, reply } from "micropie";
import { describe, expect, onTestFinished, test } from "vitest";
import { client, gate, quiet, textOf } from "./_client.ts";

describe("streams", () => {
  test("sync and async generators, web streams and Node streams", async () => {
    class Streams extends App {
      *sync() {
        yield "a";
        yield html`<${"b"}>`;
        yield new Uint8Array([99]);
      }
      async *async() {
        yield "a";
        yield "é";
      }
      made() {
        return reply(201, this.sync(), { "content-type": "text/css" });
      }
      web() {
        return new Blob(["web"]).stream();
      }
      node() {
        return Readable.from(["no", "de"]);
      }
      response() {
        return new Response(new Blob(["response"]).stream());
      }
      *nothing() {}
    }
    const app = new Streams();
    const call = await client(app);
    for (const [path, body, type] of [
      ["/sync", "a<b>c", "text/plain; charset=utf-8"],
      ["/async", "aé", "text/plain; charset=utf-8"],
      ["/made", "a<b>c", "text/css"],
      ["/web", "web", "application/octet-stream"],
      ["/node", "node", "text/plain; charset=utf-8"],
      ["/response", "response", null],
      ["/nothing", "", "text/plain; charset=utf-8"],
    ] as const) {
      for (const response of [await call(path), await app.fetch(new Request(`http://localhost${path}`))]) {
        expect([await response.text(), response.headers.get("content-type")]).toEqual([body, type]);
      }
    }
  });

  test("a generator is ended when the client disconnects, and its changes are saved", async () => {
    const ended = gate();
    class Ticks extends App<{ seen: number }> {
      async *index() {
        const { session, signal } = this.request;
        session.seen = 0;
        try {
          for (;;) {
            session.seen++;
            yield "tick\n".repeat(1000);
          }
        } finally {
          session.seen = -1;
          expect(signal.aborted).toBe(true);
          ended.open();
        }
      }
      read() {
        return `${this.request.session.seen}`;
      }
    }
    const call = await client(new Ticks());
    const stop = new AbortController();
    const response = await call("/", { signal: stop.signal });
    await response.body!.getReader().read();
    stop.abort();
    await ended.passed;
    await expect.poll(() => textOf(call("/read"))).toBe("-1");
  });

  test.each([
    ["a generator that ends", "ended"],
    ["a generator that fails", "begun"],
  ])(
    "%s after the client has disconnected saves unless it failed, and logs nothing",
    async (_which, seen) => {
      const stderr = quiet();
      const waiting = gate();
      const left = gate();
      const end = gate();
      const over = gate();
      class Waits extends App<{ seen: string }> {
        async *index() {
          const { session, signal } = this.request;
          session.seen = "begun";
          signal.addEventListener("abort", () => left.open());
          try {
            yield "x";
            waiting.open();
            await end.passed;
            yield "y";
          } finally {
            session.seen = "ended";
            over.open();
          }
        }
        read() {
          return `${this.request.session.seen}`;
        }
      }
      class Fails extends Waits {
        override async *index() {
          for await (const chunk of super.index()) {
            yield chunk;
            await end.passed;
            this.request.session.seen = "lost";
            over.open();
            this.request.signal.throwIfAborted();
          }
        }
      }
      const call = await client(seen === "ended" ? new Waits() : new Fails());
      const stop = new AbortController();
      const response = await call("/", { signal: stop.signal });
      const reader = response.body!.getReader();
      await reader.read();
      const rest = reader.read().catch((error: Error) => error.name);
      if (seen === "ended") await waiting.passed;
      stop.abort();
      await left.passed;
      end.open();
      await over.passed;
      expect(await rest).toBe("AbortError");
      await expect.poll(() => textOf(call("/read"))).toBe(seen);
      expect(stderr.said).toBe("");
    },
  );

  test("a slow client slows the generator down", async () => {
    let made = 0;
    const ended = gate();
    class Endless extends App {
      async *index() {
        try {
          for (;;) {
            made++;
            yield new Uint8Array(100_000);
          }
        } finally {
          ended.open();
        }
      }
    }
    const call = await client(new Endless());
    const socket = connect(call.port, "127.0.0.1");
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let before: number;
    do {
      before = made;
      await new Promise((resolve) => setTimeout(resolve, 50));
    } while (made === 0 || made !== before);
    expect(made).toBeLessThan(500);
    socket.destroy();
    await ended.passed;
  });

  describe.each(["serve", "fetch"] as const)("with %s", (host) => {
    interface Watched {
      visits: number;
    }
    /** Streams that wait for something that never comes. */
    class Waits extends App<Watched> {
      readonly inside = gate();
      readonly ended = gate();
      readonly never = new Promise<never>(() => {});

      #waiting() {
        return {
          next: () => {
            this.inside.open();
            return this.never;
          },
          return: async () => {
            this.ended.open();
            return { done: true as const, value: undefined };
          },
          [Symbol.asyncIterator]() {
            return this;
          },
        };
      }
      iterator() {
        return this.#waiting();
      }
      async *generator() {
        const { signal } = this.request;
        try {
          this.inside.open();
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          yield "nobody reads this";
        } finally {
          this.ended.open();
        }
      }
      events() {
        return reply(200, this.#waiting(), { "content-type": "text/event-stream; charset=utf-8" });
      }
      async *#counting() {
        const { session } = this.request;
        session.visits = (session.visits ?? 0) + 1;
        try {
          this.inside.open();
          await once(this.request.signal, "abort");
          yield "nobody reads this";
        } finally {
          this.ended.open();
        }
      }
      counted() {
        return reply(200, this.#counting(), { "Content-Type": "text/event-stream" });
      }
      async *#failing() {
        if (this.request.path === "/failing") throw new HttpError(409, "not now");
        yield "";
      }
      failing() {
        return reply(200, this.#failing(), { "content-type": "text/event-stream" });
      }
      readable() {
        return new ReadableStream({
          pull: () => {
            this.inside.open();
            return this.never;
          },
          cancel: () => this.ended.open(),
        });
      }
      response() {
        return new Response(this.readable());
      }
      node() {
        return new Readable({
          read: () => this.inside.open(),
          destroy: (error, done) => {
            this.ended.open();
            done(error);
          },
        });
      }
    }
    async function ask(app: Waits, path: string, signal?: AbortSignal): Promise<Response> {
      if (host === "serve") return (await client(app))(path, { signal: signal! });
      return app.fetch(new Request(`http://localhost${path}`, { signal: signal! }));
    }

    test.each(["/iterator", "/generator", "/node"])(
      "%s is ended when the client leaves before its first chunk",
      async (path) => {
        const stderr = quiet();
        const app = new Waits();
        const stop = new AbortController();
        const answer = ask(app, path, stop.signal).catch(() => {});
        await app.inside.passed;
        stop.abort();
        await app.ended.passed;
        await answer;
        expect(stderr.said).toBe("");
      },
    );

    test.each(["/events", "/counted", "/readable", "/response"])(
      "the head of %s leaves before its first chunk, and it is ended when the client leaves",
      async (path) => {
        const stderr = quiet();
        const app = new Waits();
        const stop = new AbortController();
        const response = await ask(app, path, stop.signal);
        expect(response.status).toBe(200);
        const reader = response.body!.getReader();
        const ends = async (): Promise<boolean> => {
          const { done, value } = await reader.read();
          // An event stream begins with a comment.
          return done || (new TextDecoder().decode(value) === ":\n\n" && ends());
        };
        const reading = ends().catch(() => true);
        await app.inside.passed;
        // The body of a Response is the handler's own; hosts of fetch handlers cancel it.
        if (host === "fetch" && path === "/response") await reader.cancel();
        else stop.abort();
        await app.ended.passed;
        expect(await reading).toBe(true);
        expect(stderr.said).toBe("");
      },
    );

    test("an event stream can begin a session until it first waits", async () => {
      const app = new Waits();
      const stop = new AbortController();
      const response = await ask(app, "/counted", stop.signal);
      expect(response.headers.getSetCookie()).toHaveLength(1);
      stop.abort();
      await app.ended.passed;
    });

    test("an event stream that fails before it first waits is an error response", async () => {
      const response = await ask(new Waits(), "/failing");
      expect([response.status, await response.text()]).toEqual([409, "409 Conflict: not now"]);
    });
  });

  test("an event stream whose session cannot be saved is ended", async () => {
    quiet();
    const ended = gate();
    class Events extends App<{ visits: number }> {
      async *#events() {
        try {
          this.request.session.visits = 1;
          await Promise.reject(new Error("too late for an answer"));
          yield "never";
        } finally {
          ended.open();
        }
      }
      index() {
        return reply(200, this.#events(), { "content-type": "text/event-stream" });
      }
    }
    const save = async () => {
      throw new Error("down");
    };
    const app = new Events({ sessionBackend: { load: async () => ({}), save } });
    expect((await (await client(app))("/")).status).toBe(503);
    await ended.passed;
  });

  test("request.signal aborts when the client disconnects during a handler", async () => {
    const inside = gate();
    const left = gate();
    class Works extends App {
      async index() {
        this.request.signal.addEventListener("abort", () => left.open());
        inside.open();
        await left.passed;
        return "nobody hears";
      }
    }
    const call = await client(new Works());
    const stop = new AbortController();
    const answer = call("/", { signal: stop.signal }).catch((error: Error) => error.name);
    await inside.passed;
    stop.abort();
    await left.passed;
    expect(await answer).toBe("AbortError");
  });

  test("HEAD ends the generator after its first chunk", async () => {
    const seen: string[] = [];
    class Streams extends App {
      *index() {
        try {
          seen.push("first");
          yield "a";
          seen.push("second");
        } finally {
          seen.push("end");
        }
      }
    }
    const response = await (await client(new Streams()))("/", { method: "HEAD" });
    expect([response.status, await response.text()]).toEqual([200, ""]);
    expect(seen).toEqual(["first", "end"]);
  });

  test.each(["failed", "stubborn"])(
    "HEAD of a Response with a %s stream causes no unhandled rejection",
    async (path) => {
      const stderr = quiet();
      const unhandled: unknown[] = [];
      const note = (error: unknown) => void unhandled.push(error);
      process.on("unhandledRejection", note);
      onTestFinished(() => void process.off("unhandledRejection", note));
      class Streams extends App {
        failed() {
          return new Response(new ReadableStream({ start: (stream) => stream.error(new Error("upstream")) }));
        }
        stubborn() {
          const cancel = () => {
            throw new Error("cancel");
          };
          return new Response(new ReadableStream({ cancel }));
        }
      }
      const call = await client(new Streams());
      expect((await call(`/${path}`, { method: "HEAD" })).status).toBe(200);
      // An unhandled rejection is reported one turn of the event loop later; this request takes several.
      expect((await call(`/${path}`, { method: "HEAD" })).status).toBe(200);
      expect([unhandled, stderr.said]).toEqual([[], ""]);
    },
  );

  test("a chunk of an unsupported type aborts the stream", async () => {
    const stderr = quiet();
    class Streams extends App {
      *index() {
        yield "a";
        yield { b: 1 };
      }
    }
    await expect(textOf((await client(new Streams()))("/"))).rejects.toThrow();
    expect(stderr.said).toMatch(/yielded object/);
  });

  test("an upload can be streamed back while it arrives", async () => {
    class Echo extends App {
      async *index() {
        for await (const file of this.request.files) {
          yield `${file.filename}:`;
          yield* file.stream;
        }
        yield `${this.request.form("after")}`;
      }
      raw() {
        return new Response(this.request.body);
      }
    }
    const call = await client(new Echo());
    const form = new FormData();
    form.append("f", new Blob(["x".repeat(300_000)]), "a");
    form.append("after", "!");
    const text = await textOf(call("/", { method: "POST", body: form }));
    expect([text.length, text.slice(0, 3), text.at(-1)]).toEqual([300_003, "a:x", "!"]);
    const echo = call("/raw", {
      method: "POST",
      body: "y".repeat(200_000),
      headers: { "content-type": "text/csv" },
    });
    expect(await textOf(echo)).toBe("y".repeat(200_000));
  });
});
