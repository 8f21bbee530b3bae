import {
  App,
  ConfigError,
  createSessions,
  type LoadSave,
  login,
  logout,
  reply,
  SessionBackend,
  type SessionData,
  save,
} from "micropie";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { GatedBackend } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { client, gate, quiet, textOf } from "./_client.ts";

/** A back-end as a user writes it, with two slow methods. A test can delay its saves or make them fail. */
class TwoMethods implements LoadSave {
  readonly stored = new Map<string, SessionData>();
  saves = 0;
  loads = 0;
  held: Promise<void> | undefined;
  onSave: () => void = () => {};
  failing = false;

  async load(id: string): Promise<SessionData> {
    this.loads++;
    if (this.failing) throw new Error("the store is down");
    return structuredClone(this.stored.get(id) ?? {});
  }

  async save(id: string, data: SessionData, timeout: number): Promise<void> {
    this.saves++;
    this.onSave();
    await this.held;
    if (this.failing) throw new Error("the store is down");
    if (timeout <= 0 || Object.keys(data).length === 0) this.stored.delete(id);
    else this.stored.set(id, structuredClone(data));
  }
}

interface Data {
  visits: number;
  user: string;
}

class Visits extends App<Data> {
  next: Promise<void> | undefined;

  index() {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `${session.visits}`;
  }
  read() {
    return `${this.request.session.visits ?? 0}`;
  }
  none() {
    return "none";
  }
  empty() {
    this.request.session = {};
    return "bye";
  }
  logout() {
    logout(this.request.session);
    return "bye";
  }
  login() {
    login(this.request.session, "ann");
    return "hello";
  }
  boom() {
    this.request.session.visits = 999;
    throw new Error("boom");
  }
  async boomAfterCommit() {
    this.request.session.visits = 5;
    await save(this.request.session);
    this.request.session.visits = 999;
    throw new Error("boom");
  }
  own() {
    this.request.session.visits = 1;
    return reply(200, "own", {
      "set-cookie": ["session_id=forged; Path=/", "theme=dark"],
      "cache-control": "public, max-age=60",
      vary: "Accept-Language",
    });
  }
  response() {
    this.request.session.visits = 1;
    return Response.redirect("http://localhost/there", 303);
  }
  async *stream() {
    const { session } = this.request;
    session.visits = 1;
    yield "first ";
    await this.next;
    session.visits = 2;
    yield "second";
    session.user = "late";
  }
  async *late() {
    yield "first";
    this.request.session.visits = 1;
  }
}

describe("the response and the session", () => {
  test("O1: no byte is sent before the save has finished", async () => {
    const backend = new TwoMethods();
    for (const path of ["/", "/stream", "/response", "/own"]) {
      const saving = gate();
      const hold = gate();
      backend.held = hold.passed;
      backend.onSave = () => saving.open();
      const app = new Visits({ sessionBackend: backend });
      const call = await client(app);
      let answered = false;
      const answer = call(path).then((response) => {
        answered = true;
        return response;
      });
      await saving.passed;
      await call("/none");
      expect(answered).toBe(false);
      hold.open();
      backend.onSave = () => {};
      const response = await answer;
      expect(response.headers.getSetCookie().some((line) => line.startsWith("session_id="))).toBe(true);
      await response.text();
    }
  });

  test("O2: a failed save is a 503 with Retry-After, without a cookie or any part of the response", async () => {
    const stderr = quiet();
    const backend = new TwoMethods();
    const call = await client(new Visits({ sessionBackend: backend }));
    backend.failing = true;
    for (const path of ["/", "/stream", "/response", "/own"]) {
      const response = await call(path);
      expect([response.status, await response.text()]).toEqual([503, "503 Service Unavailable"]);
      expect(response.headers.get("retry-after")).toBe("5");
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(response.headers.get("location")).toBe(null);
    }
    expect(stderr.said).toMatch(/the store is down/);
    backend.failing = false;
    expect(await textOf(call("/"))).toBe("1");
    backend.failing = true;
    const read = await call("/read");
    expect([read.status, read.headers.getSetCookie()]).toEqual([503, []]);
    backend.failing = false;
    expect(await textOf(call("/read"))).toBe("1");
  });

  test("O2: a generator that has yielded its first chunk is ended if the save fails", async () => {
    quiet();
    let ended = false;
    class Streams extends App<Data> {
      async *index() {
        try {
          this.request.session.visits = 1;
          yield "x";
        } finally {
          ended = true;
        }
      }
    }
    const backend = new TwoMethods();
    backend.failing = true;
    const call = await client(new Streams({ sessionBackend: backend }));
    expect((await call("/")).status).toBe(503);
    expect(ended).toBe(true);
  });

  test("O3: changes after the first byte are saved at the end of the stream", async () => {
    const hold = gate();
    const app = new Visits({ sessionBackend: new TwoMethods() });
    app.next = hold.passed;
    const call = await client(app);
    const response = await call("/stream");
    expect(await textOf(call("/read"))).toBe("1");
    hold.open();
    expect(await response.text()).toBe("first second");
    expect(await textOf(call("/read"))).toBe("2");
  });

  test("O3: a change after the first byte that needs a cookie is an error and stores nothing", async () => {
    const stderr = quiet();
    const backend = new TwoMethods();
    const call = await client(new Visits({ sessionBackend: backend }));
    await expect(textOf(call("/late"))).rejects.toThrow();
    expect(stderr.said).toMatch(/response has begun/);
    expect(backend.stored.size).toBe(0);
  });

  test("O4: a handler that throws saves nothing, except what it committed itself", async () => {
    quiet();
    const backend = new TwoMethods();
    const call = await client(new Visits({ sessionBackend: backend }));
    await call("/");
    const { saves } = backend;
    expect((await call("/boom")).status).toBe(500);
    expect(backend.saves).toBe(saves);
    expect(await textOf(call("/read"))).toBe("1");
    call.cookie = undefined;
    const first = await call("/boomAfterCommit");
    expect([first.status, first.headers.getSetCookie().length]).toEqual([500, 1]);
    expect(await textOf(call("/read"))).toBe("5");
  });

  test("O4: a stream that fails saves no change made after the first byte", async () => {
    quiet();
    const begun = gate();
    class Breaks extends App<Data> {
      async *index() {
        this.request.session.visits = 1;
        yield "x";
        await begun.passed;
        this.request.session.visits = 2;
        throw new Error("broken");
      }
      read() {
        return `${this.request.session.visits}`;
      }
    }
    const call = await client(new Breaks({ sessionBackend: new TwoMethods() }));
    const response = await call("/");
    begun.open();
    await expect(response.text()).rejects.toThrow();
    expect(await textOf(call("/read"))).toBe("1");
  });

  test("an error before the first chunk is an error response", async () => {
    quiet();
    class Early extends App<Data> {
      async *index() {
        this.request.session.visits = 1;
        if (this.request.path === "/") throw new Error("early");
        yield "x";
      }
    }
    const response = await (await client(new Early()))("/");
    expect([response.status, response.headers.getSetCookie()]).toEqual([500, []]);
  });

  test("the session cookie replaces others of its name, and the response has no-store", async () => {
    const response = await (await client(new Visits()))("/own");
    const lines = response.headers.getSetCookie();
    expect(lines).toHaveLength(2);
    expect(lines).toContain("theme=dark");
    expect(lines.join()).not.toContain("forged");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("vary")).toBe("Accept-Language, Cookie");
  });

  test("a Response with immutable headers gets the cookie too", async () => {
    for (const response of [
      await (await client(new Visits()))("/response"),
      await new Visits().fetch(new Request("http://localhost/response")),
    ]) {
      expect([response.status, response.headers.get("location")]).toEqual([303, "http://localhost/there"]);
      expect(response.headers.getSetCookie()).toHaveLength(1);
      expect(response.headers.get("vary")).toBe("Cookie");
    }
  });

  test("a shared Response object never carries one client's cookie to another", async () => {
    const shared = new Response(null, { status: 204, headers: { "x-a": "1" } });
    class Shared extends App<Data> {
      index() {
        this.request.session.visits = 1;
        return shared;
      }
    }
    for (const middlewares of [
      [],
      [{ afterRequest: (_: unknown, r: Response) => r.headers.set("x-b", "1") }],
    ]) {
      const app = new Shared();
      app.middlewares.push(...middlewares);
      const lines = [];
      for (const visitor of [await client(app), await client(app)]) {
        const response = await visitor("/");
        expect([response.status, response.headers.get("x-a")]).toEqual([204, "1"]);
        lines.push(...response.headers.getSetCookie());
      }
      expect(new Set(lines).size).toBe(2);
      expect([...shared.headers.keys()]).toEqual(["x-a"]);
    }
  });

  test("only responses that used the session have Vary: Cookie; without a cookie nothing is read", async () => {
    const backend = new TwoMethods();
    const call = await client(new Visits({ sessionBackend: backend }));
    const read = await call("/read");
    const none = await call("/none");
    expect([read.headers.get("vary"), none.headers.get("vary")]).toEqual(["Cookie", null]);
    expect([read.headers.getSetCookie(), backend.loads, backend.saves]).toEqual([[], 0, 0]);
    call.cookie = "session_id=wrong-shape";
    await call("/read");
    expect(backend.loads).toBe(0);
  });

  test.each(["/empty", "/logout"])("%s ends the session and removes the cookie", async (path) => {
    const backend = new TwoMethods();
    const call = await client(new Visits({ sessionBackend: backend }));
    await call("/");
    const [line] = (await call(path)).headers.getSetCookie();
    expect(line).toMatch(/^session_id=;.*Max-Age=0/);
    expect(backend.stored.size).toBe(0);
  });

  test("login changes the id, and the sessions can be listed", async () => {
    const app = new Visits();
    const call = await client(app);
    await call("/");
    const before = call.cookie;
    await call("/login");
    expect(call.cookie).not.toBe(before);
    expect(await app.sessions.list({ userId: "ann" }).toArray()).toHaveLength(1);
    expect(await textOf(call("/read"))).toBe("1");
  });
});

test.each([
  ["by name", ["poll"]],
  ["by a function", ({ path }: { path: string }) => path === "/poll"],
])(
  "idle %s: a request that comes by itself does not prolong the session, unless it writes",
  async (_, idle) => {
    class Site extends App<{ visits?: number }> {
      index() {
        this.request.session.visits = 1;
        return "ok";
      }
      poll() {
        return `${this.request.session.visits}`;
      }
      read() {
        return `${this.request.session.visits}`;
      }
    }
    const backend = new GatedBackend(new InMemorySessionBackend());
    const call = await client(new Site({ sessionBackend: backend, idle, touchThrottle: 0 }));
    await call("/");
    expect(await textOf(call("/poll"))).toBe("1");
    expect(backend.count("touch")).toBe(0);
    expect(await textOf(call("/read"))).toBe("1");
    expect(backend.count("touch")).toBe(1);
  },
);

test("a handler that calls sessions.commit leaves the cookie to the App", async () => {
  class Site extends App<{ visits?: number }> {
    async index() {
      const { session } = this.request;
      session.visits = (session.visits ?? 0) + 1;
      await this.sessions.commit(session);
      return `${session.visits}`;
    }
  }
  const call = await client(new Site());
  expect((await call("/")).headers.getSetCookie()).toHaveLength(1);
  expect(await textOf(call("/"))).toBe("2");
});

describe("exclusive", () => {
  class Counter extends App<Data> {
    running = 0;
    most = 0;
    async index() {
      const { session } = this.request;
      this.most = Math.max(this.most, ++this.running);
      const visits = session.visits ?? 0;
      await new Promise((resolve) => setImmediate(resolve));
      session.visits = visits + 1;
      this.running--;
      return `${session.visits}`;
    }
    async shared() {
      return this.index();
    }
  }

  test.each([[["index"]], [(request: { path: string }) => request.path === "/"]])(
    "requests of one session run one at a time",
    async (exclusive) => {
      const app = new Counter({ exclusive });
      const call = await client(app);
      await call("/");
      await Promise.all(Array.from({ length: 20 }, () => call("/")));
      expect([await textOf(call("/")), app.most]).toEqual(["22", 1]);
    },
  );

  test("a request that waits too long gets a 503", async () => {
    quiet();
    const inside = gate();
    const hold = gate();
    class Slow extends App<Data> {
      async index() {
        this.request.session.visits = 1;
        if (this.request.query("hold")) {
          inside.open();
          await hold.passed;
        }
        return "done";
      }
    }
    const call = await client(new Slow({ exclusive: ["index"], lock: { wait: 0.05 } }));
    await call("/");
    const first = call("/?hold=1");
    await inside.passed;
    expect((await call("/")).status).toBe(503);
    hold.open();
    expect(await textOf(first)).toBe("done");
    expect((await call("/")).status).toBe(200);
  });
});

describe("options", () => {
  test("unknown and contradictory options throw an error that names them", () => {
    const refused = (options: object, option: string) => {
      try {
        new App(options);
      } catch (error) {
        expect(error).toBeInstanceOf(ConfigError);
        expect((error as ConfigError).option).toBe(option);
        return;
      }
      expect.fail(`${option} was accepted`);
    };
    refused({ sesionBackend: 1 }, "sesionBackend");
    refused({ sessionBackend: {} }, "backend");
    refused({ backend: new TwoMethods() }, "backend");
    refused({ sessions: createSessions(), timeouts: { idle: 5 } }, "timeouts");
    refused({ sessions: createSessions(), sessionBackend: new TwoMethods() }, "sessionBackend");
    refused({ exclusive: 7 }, "exclusive");
    refused({ timeouts: { idle: -1 } }, "timeouts.idle");
    refused({ limits: { bodyTimeout: 5000 } }, "limits.bodyTimeout");
    refused({ limits: { files: -1 } }, "limits.files");
  });

  test("a back-end class as in the guide, and existing sessions", async () => {
    class DatabaseSessionBackend extends SessionBackend {
      readonly rows = new Map<string, SessionData>();
      async load(id: string) {
        return this.rows.get(id) ?? {};
      }
      async save(id: string, data: SessionData) {
        this.rows.set(id, data);
      }
    }
    const backend = new DatabaseSessionBackend();
    await (await client(new Visits({ sessionBackend: backend, cookie: { secure: false } })))("/");
    expect(backend.rows.size).toBe(1);
    const sessions = createSessions<Data>({ cookie: { name: "mine" } });
    const app = new Visits({ sessions });
    expect(app.sessions).toBe(sessions);
    const response = await app.fetch(new Request("http://localhost/"));
    expect(response.headers.getSetCookie()[0]).toMatch(/^mine=/);
  });
});

test("a Response that nobody looked before cannot look at the session in its body: it would be in a cache for everybody", async () => {
  let looked: unknown;
  class Late extends App<Data> {
    index() {
      const { request } = this;
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            try {
              looked = request.session.visits;
            } catch (error) {
              looked = error;
            }
            controller.enqueue(new TextEncoder().encode("body"));
            controller.close();
          },
        },
        { highWaterMark: 0 },
      );
      return new Response(body);
    }
  }
  const response = await new Late().fetch(new Request("http://localhost/"));
  expect([await response.text(), response.headers.get("vary")]).toEqual(["body", null]);
  expect(looked).toMatchObject({ code: "headers_sent" });
});
