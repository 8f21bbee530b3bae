import { EventEmitter, on } from "node:events";
import { App, login, logout } from "micropie";
import { events, type ServerEvent } from "micropie/sockets/app";
import { describe, expect, test } from "vitest";
import { client, gate, quiet, textOf } from "./_client.ts";

class Site extends App<{ n?: number }> {
  readonly news = new EventEmitter();
  readonly over = gate<string>();
  sign() {
    login(this.request.session, "ann");
    return "ok";
  }
  out() {
    logout(this.request.session);
    return "bye";
  }
  list(...given: string[]) {
    const all: ServerEvent[] = given.map((text) => JSON.parse(text));
    return events(() => all);
  }
  feed() {
    const { session } = this.request;
    const { news, over } = this;
    return events(
      async function* (lastEventId, signal) {
        try {
          yield { event: "hello", data: { after: lastEventId ?? null, n: session.n ?? 0 } };
          for await (const [data] of on(news, "news", { signal })) yield { data, id: "7" };
        } finally {
          over.open(signal.aborted ? "aborted" : "returned");
        }
      },
      { heartbeat: 0.1 },
    );
  }
  async *plain() {
    yield `n=${this.request.session.n ?? 0}`;
    for await (const [data] of on(this.news, "news")) yield String(data);
  }
  async *kept() {
    yield `n=${this.request.session.n ?? 0}`;
    for await (const [data] of on(this.news, "news")) {
      yield String(data);
      return;
    }
  }
  public_() {
    const { news } = this;
    return (async function* () {
      yield "first";
      for await (const [data] of on(news, "news")) {
        yield String(data);
        return;
      }
    })();
  }
}

/** Reads a body until it contains a text. */
function reading(response: Response): {
  until(text: string): Promise<string>;
  rest(): Promise<string>;
  cancel(): void;
} {
  const reader = response
    .body!.pipeThrough(new TextDecoderStream() as never)
    .getReader() as ReadableStreamDefaultReader<string>;
  let all = "";
  const more = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    all += value ?? "";
    return !done;
  };
  return {
    async until(text) {
      while (!all.includes(text)) if (!(await more())) throw new Error(`It ended before ${text}: ${all}`);
      return all;
    },
    async rest() {
      while (await more());
      return all;
    },
    cancel: () => void reader.cancel(),
  };
}

const path = (...all: object[]): string =>
  `/list/${all.map((each) => encodeURIComponent(JSON.stringify(each))).join("/")}`;

describe("events", () => {
  test.each<[object, string]>([
    [{ data: "text" }, "data: text\n\n"],
    [{ data: { a: 1 } }, 'data: {"a":1}\n\n'],
    [{ data: "two\nlines\r\nor\rmore" }, "data: two\ndata: lines\ndata: or\ndata: more\n\n"],
    [{ data: "", event: "e", id: "i", retry: "3s" }, "event: e\nid: i\nretry: 3000\ndata: \n\n"],
    [{ data: null }, "data: null\n\n"],
  ])("%j is sent as an event", async (event, text) => {
    const call = await client(new Site());
    const response = await call(path(event));
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).toBe(`:\n\n${text}`);
  });

  test.each([{ event: "a\nb", data: "" }, { id: "a\0", data: "" }, {}])(
    "%j is no event, and the stream fails",
    async (event) => {
      quiet();
      const call = await client(new Site());
      await expect(textOf(call(path(event)))).rejects.toThrow();
    },
  );

  test("a browser that connects again says which event it got last", async () => {
    const call = await client(new Site());
    const stream = reading(await call("/feed", { headers: { "last-event-id": "42" } }));
    await stream.until('data: {"after":"42","n":0}\n\n');
    stream.cancel();
  });

  test("while nothing happens, comments are sent", async () => {
    const call = await client(new Site());
    const stream = reading(await call("/feed"));
    await stream.until("\n\n:\n\n:\n\n:\n\n");
    stream.cancel();
  });

  test("the client leaves: the signal of the source aborts", async () => {
    const app = new Site();
    const call = await client(app);
    const leave = new AbortController();
    const stream = reading(await call("/feed", { signal: leave.signal }));
    await stream.until("event: hello");
    leave.abort();
    expect(await app.over.passed).toBe("aborted");
  });
});

describe("a stream ends with its session", () => {
  test("events: the signal of the source aborts, and nothing is sent after that", async () => {
    const app = new Site();
    const call = await client(app);
    await call("/sign");
    const stream = reading(await call("/feed"));
    await stream.until("event: hello");
    app.news.emit("news", "before");
    await stream.until("data: before");
    await call("/out");
    app.news.emit("news", "too late");
    expect(await stream.rest()).not.toContain("too late");
    expect(await app.over.passed).toBe("aborted");
  });

  test("any generator whose request looked at the session", async () => {
    const app = new Site();
    const call = await client(app);
    await call("/sign");
    const stream = reading(await call("/plain"));
    await stream.until("n=0");
    await app.sessions.revoke({ userId: "ann" });
    expect(await stream.rest()).toBe("n=0");
  });

  test.each([
    ["a stream that never looked at the session goes on", "/public_", undefined],
    ["a stream of a route in `outlive` goes on", "/kept", ["kept"]],
  ])("%s", async (_, route, outlive) => {
    const app = new Site({ outlive });
    const call = await client(app);
    await call("/sign");
    const stream = reading(await call(route));
    await stream.until(route === "/kept" ? "n=0" : "first");
    await app.sessions.revoke({ userId: "ann" });
    await expect.poll(() => app.news.listenerCount("news")).toBe(1);
    app.news.emit("news", "still here");
    expect(await stream.rest()).toContain("still here");
  });
});
