import {
  App,
  type AppRequest,
  HttpError,
  info,
  login,
  logout,
  mount,
  reply,
  StateError,
  update,
} from "micropie";
import { type AppSocket, ConnectionClosed, type SocketEnd, WebSocketMiddleware } from "micropie/sockets/app";
import { describe, expect, test } from "vitest";
import { gate, quiet } from "./_client.ts";
import { site } from "./_socket.ts";

interface Data {
  n?: number;
  last?: string;
}

class Site extends App<Data> {
  readonly ends: unknown[] = [];
  readonly left = gate<unknown>();

  sign() {
    login(this.request.session, "ann");
    return "ok";
  }
  read() {
    return { ...this.request.session };
  }
  out() {
    logout(this.request.session);
    return "bye";
  }
  async ws_index(ws: AppSocket<Data>) {
    await ws.accept();
    await ws.sendText("root");
  }
  async ws_chat(ws: AppSocket<Data>, room: string, user = "guest") {
    await ws.accept();
    await ws.sendText(`${room}:${user}:${this.request.query("x", "-")}:${this.request.path}`);
  }
  async ws_echo(ws: AppSocket<Data>) {
    await ws.accept();
    for await (const message of ws)
      await (typeof message === "string" ? ws.sendText(`echo ${message}`) : ws.sendBytes(message));
    this.left.open("left");
  }
  async ws_both(ws: AppSocket<Data>) {
    await ws.accept();
    await ws.sendText(await ws.receiveText());
    await ws.sendBytes(await ws.receiveBytes());
  }
  async ws_wait(ws: AppSocket<Data>) {
    await ws.accept();
    try {
      await ws.receiveText();
    } catch (error) {
      this.left.open(error);
      throw error;
    }
  }
  async ws_boom(ws: AppSocket<Data>) {
    await ws.accept();
    await ws.receiveText();
    throw new Error("private detail");
  }
  ws_boom0() {
    throw new Error("secret detail");
  }
  ws_teapot() {
    throw new HttpError(418, "short and stout");
  }
  ws_nothing() {}
  ws_reply() {
    return reply(401, "Sign in", { "x-hint": "yes" });
  }
  ws_closes(ws: AppSocket<Data>) {
    ws.close(4003, "not you");
  }
  async ws_proto(ws: AppSocket<Data>, name: string) {
    await ws.accept({ subprotocol: name });
    ws.close(4000, ws.protocols.join());
  }
  async ws_early(ws: AppSocket<Data>) {
    await ws.sendText("too early");
  }
  async ws_twice(ws: AppSocket<Data>) {
    await ws.accept();
    await ws.accept();
  }
  async ws_count(ws: AppSocket<Data>) {
    const { session } = this.request;
    session.n = (session.n ?? 0) + 1;
    await ws.accept();
    await ws.sendText(String(session.n));
    for await (const message of ws) {
      const n = await ws.session(async (now) => {
        now.last = String(message);
        return update(now, "n", (n = 0) => n + 1);
      });
      await ws.sendText(String(n));
    }
  }
  async ws_login(ws: AppSocket<Data>) {
    await ws.accept();
    await ws.receiveText();
    await ws
      .session((session) => login(session, "eve"))
      .catch((error: StateError) => ws.sendText(error.code));
    await ws
      .session((session) => {
        session.n = 1;
      })
      .catch((error: StateError) => ws.sendText(error.code));
    await ws.sendText(String(Object.keys(await ws.session((session) => ({ ...session })))));
  }
  async _hidden() {}
  async ws__hidden(ws: AppSocket<Data>) {
    await ws.accept();
  }
}

describe("WebSockets of an App", () => {
  test("routes by name, with positional arguments and defaults; ws_index is /", async () => {
    const { open } = await site(new Site());
    expect(await (await open("/")).next()).toBe("root");
    expect(await (await open("/chat/lobby?x=1")).next()).toBe("lobby:guest:1:/chat/lobby");
    expect(await (await open("/chat/l%C3%B6bby/ann/")).next()).toBe("löbby:ann:-:/chat/löbby/ann");
  });

  test("text and bytes come and go as they are, and either can be received as the other", async () => {
    const { open } = await site(new Site());
    const echo = await open("/echo");
    echo.send("hey");
    expect(await echo.next()).toBe("echo hey");
    echo.send(Buffer.from([0, 255, 1]));
    expect(await echo.next()).toEqual(Buffer.from([0, 255, 1]));
    const both = await open("/both");
    both.send(Buffer.from("é"));
    expect(await both.next()).toBe("é");
    both.send("é");
    expect(await both.next()).toEqual(Buffer.from("é"));
  });

  test.each([
    ["/nowhere", 404, "404 Not Found"],
    ["/read", 404, "404 Not Found"],
    ["/_hidden", 404, "404 Not Found"],
    ["/hidden", 404, "404 Not Found"],
    ["/chat/a/b/c", 404, "404 Not Found"],
    ["/chat", 400, "400 Bad Request: Missing required parameter 'room'"],
    ["/boom0", 500, "500 Internal Server Error"],
    ["/teapot", 418, "418 Error: short and stout"],
    ["/nothing", 403, "403 Forbidden"],
    ["/reply", 401, "Sign in"],
    ["/closes", 403, "403 Forbidden: not you"],
    ["/early", 500, "500 Internal Server Error"],
    ["/proto/unasked", 500, "500 Internal Server Error"],
  ])("the handshake of %s is answered with %i", async (path, status, body) => {
    quiet();
    const { refusal } = await site(new Site());
    const answer = await refusal(path);
    expect(answer.status).toBe(status);
    expect(answer.body.split(". If it can")[0]).toBe(body);
    if (path === "/reply") expect(answer.headers.get("x-hint")).toBe("yes");
  });

  test("a plain request to the path of a WebSocket is a 404, and HTTP works beside it", async () => {
    const { url } = await site(new Site());
    expect((await fetch(`${url}echo`)).status).toBe(404);
    expect(await (await fetch(`${url}sign`)).text()).toBe("ok");
  });

  test("the handler returns: 1000; it closes: its code and reason", async () => {
    const { open } = await site(new Site());
    expect(await (await open("/")).closed).toEqual({ code: 1000, reason: "" });
    const proto = await open("/proto/b", { protocols: ["a", "b"] });
    expect(proto.raw.protocol).toBe("b");
    expect(await proto.closed).toEqual({ code: 4000, reason: "a,b" });
  });

  test("the handler throws: 1011 without a word of the error, which is printed", async () => {
    const printed = quiet();
    const { open } = await site(new Site());
    const boom = await open("/boom");
    boom.send("x");
    expect(await boom.closed).toEqual({ code: 1011, reason: "Internal error" });
    expect(printed.said).toContain("private detail");
    const twice = await open("/twice");
    expect((await twice.closed).code).toBe(1011);
  });

  test.each([
    ["with a code", (close: (code?: number, reason?: string) => void) => close(4001, "done"), 4001, "done"],
    ["without a code", (close: (code?: number, reason?: string) => void) => close(), 1005, ""],
  ])("the client closes %s: ConnectionClosed has it, and is no error", async (_, how, code, reason) => {
    const printed = quiet();
    const app = new Site();
    const { open } = await site(app);
    const socket = await open("/wait");
    how((...args) => socket.close(...args));
    const error = await app.left.passed;
    expect(error).toBeInstanceOf(ConnectionClosed);
    expect(error).toMatchObject({ code, reason });
    await socket.closed;
    expect(printed.said).toBe("");
  });

  test("the client breaks off: 1006, and iteration ends", async () => {
    const app = new Site();
    const { open } = await site(app);
    (await open("/echo")).raw.terminate();
    expect(await app.left.passed).toBe("left");
  });

  test("the server closes: 1001, and close waits for the handlers", async () => {
    const app = new Site();
    const { open, close } = await site(app);
    const socket = await open("/wait");
    const closing = close();
    expect(await socket.closed).toEqual({ code: 1001, reason: "The server closes" });
    expect(await app.left.passed).toMatchObject({ code: 1001 });
    await closing;
  });
});

describe("the session of a WebSocket", () => {
  test("is that of the request, and accept saves it: the cookie is on the 101", async () => {
    const { open, url } = await site(new Site());
    const first = await open("/count");
    expect(await first.next()).toBe("1");
    expect(first.cookie).toMatch(/^session_id=/);
    expect(first.headers["cache-control"]).toBe("no-store");
    const second = await open("/count", { cookie: first.cookie });
    expect(await second.next()).toBe("2");
    expect(second.cookie).toBeUndefined();
    const read = await fetch(`${url}read`, { headers: { cookie: first.cookie! } });
    expect(await read.json()).toEqual({ n: 2 });
  });

  test("belongs to each message: 200 at once that update a counter count 200", async () => {
    const { open, url } = await site(new Site());
    const first = await open("/count");
    await first.next();
    const { cookie } = first;
    const sockets = [first, ...(await Promise.all([1, 2, 3].map(() => open("/count", { cookie }))))];
    for (const socket of sockets.slice(1)) await socket.next();
    for (const socket of sockets) for (let i = 0; i < 50; i++) socket.send(`m${i}`);
    for (const socket of sockets) for (let i = 0; i < 50; i++) await socket.next();
    const read = await fetch(`${url}read`, { headers: { cookie: cookie! } });
    expect(await read.json()).toEqual({ n: 204, last: "m49" });
  });

  test("is empty and cannot be begun in a message, as that would need a cookie", async () => {
    const { open } = await site(new Site());
    const socket = await open("/login");
    socket.send("x");
    expect(await socket.next()).toBe("headers_sent");
    expect(await socket.next()).toBe("headers_sent");
    expect(await socket.next()).toBe("");
  });

  test("survives a rotation with the same rights", async () => {
    class Rotating extends Site {
      turn() {
        this.request.session.n = 10;
        return "ok";
      }
    }
    const { open, url } = await site(new Rotating());
    const socket = await open("/count");
    await socket.next();
    await fetch(`${url}turn`, { headers: { cookie: socket.cookie! } });
    socket.send("x");
    expect(await socket.next()).toBe("11");
  });

  test("a logout in the middle of a message never comes back", async () => {
    const inside = gate();
    const go = gate();
    const failed = gate<unknown>();
    class Slow extends Site {
      async ws_slow(ws: AppSocket<Data>) {
        this.request.session.n = 1;
        await ws.accept();
        await ws.receiveText();
        const message = ws.session(async (session) => {
          session.n = 99;
          inside.open();
          await go.passed;
        });
        await message.catch(failed.open);
      }
    }
    const app = new Slow();
    const { open, url } = await site(app);
    const socket = await open("/slow");
    socket.send("x");
    await inside.passed;
    await fetch(`${url}out`, { headers: { cookie: socket.cookie! } });
    go.open();
    expect(await failed.passed).toMatchObject({ code: "ended" });
    const read = await fetch(`${url}read`, { headers: { cookie: socket.cookie! } });
    expect(await read.json()).toEqual({});
  });

  test("after a logout a message rejects with ended, and its function does not run", async () => {
    const seen = gate<unknown>();
    class Late extends Site {
      async ws_late(ws: AppSocket<Data>) {
        this.request.session.n = 1;
        await ws.accept();
        const { session } = this.request;
        const { handle } = info(session);
        await this.sessions.revoke({ handle: handle! });
        await ws.session(() => seen.open("it ran")).catch(seen.open);
      }
    }
    const { open } = await site(new Late());
    await open("/late");
    expect(await seen.passed).toBeInstanceOf(StateError);
    expect(await seen.passed).toMatchObject({ code: "ended" });
  });
});

describe("a WebSocket closes with 4401 when its session ends", () => {
  const signedIn = async (app: Site) => {
    const { url, open, close } = await site(app);
    const signed = await fetch(`${url}sign`);
    const cookie = signed.headers.getSetCookie()[0]!.split(";", 1)[0]!;
    const socket = await open("/wait", { cookie });
    return { socket, cookie, url, close };
  };

  test.each<[string, string, (app: Site, at: { url: string; cookie: string }) => unknown]>([
    ["a logout", "logged_out", (_, { url, cookie }) => fetch(`${url}out`, { headers: { cookie } })],
    ["revoke", "revoked", (app) => app.sessions.revoke({ userId: "ann" })],
    ["another sign-in", "rights", (_, { url, cookie }) => fetch(`${url}sign`, { headers: { cookie } })],
  ])("by %s, with the reason %s, and its handler is told", async (_, reason, end) => {
    const app = new Site();
    const { socket, url, cookie } = await signedIn(app);
    await end(app, { url, cookie });
    expect(await socket.closed).toEqual({ code: 4401, reason });
    expect(await app.left.passed).toMatchObject({ code: 4401, reason });
  });

  test("by its idle deadline, while nothing happens", async () => {
    const app = new Site({ timeouts: { idle: 1 } });
    const { socket } = await signedIn(app);
    expect(await socket.closed).toEqual({ code: 4401, reason: "expired" });
  });

  test("a message of it after that is not received, and none is sent", async () => {
    const held = gate();
    const heard: string[] = [];
    const said = gate<unknown>();
    class Slow extends Site {
      async ws_slow(ws: AppSocket<Data>) {
        await ws.accept();
        heard.push(await ws.receiveText());
        await this.sessions.revoke({ userId: "ann" });
        held.open();
        await ws.sendText("too late").catch(said.open);
        for await (const message of ws) heard.push(String(message));
        this.left.open("left");
      }
    }
    const app = new Slow();
    const { url, open } = await site(app);
    const signed = await fetch(`${url}sign`);
    const socket = await open("/slow", { cookie: signed.headers.getSetCookie()[0]!.split(";", 1)[0] });
    for (const text of ["one", "two", "three"]) socket.send(text);
    await held.passed;
    expect(await said.passed).toBeInstanceOf(ConnectionClosed);
    await app.left.passed;
    expect(heard).toEqual(["one"]);
    expect(await socket.closed).toEqual({ code: 4401, reason: "revoked" });
    expect(socket.received).toEqual([]);
  });
});

describe("wsMiddlewares", () => {
  class Log extends WebSocketMiddleware {
    readonly ends: (SocketEnd | undefined)[] = [];
    answer: () => unknown = () => undefined;
    override beforeWebSocket() {
      return this.answer();
    }
    override afterWebSocket(_request: unknown, end: SocketEnd | undefined) {
      this.ends.push(end);
    }
  }

  test.each([
    ["a reply", () => reply(401, "Sign in"), 401, "Sign in"],
    ["a Response", () => new Response("no", { status: 402 }), 402, "no"],
    [
      "{ code, reason } of MicroPie",
      () => ({ code: 4001, reason: "not you" }),
      403,
      "403 Forbidden: not you",
    ],
  ])("%s of beforeWebSocket answers the handshake, and no handler runs", async (_, answer, status, body) => {
    const app = new Site();
    const log = new Log();
    log.answer = answer;
    app.wsMiddlewares.push(log);
    const { refusal } = await site(app);
    for (const path of ["/echo", "/nowhere"]) expect(await refusal(path)).toMatchObject({ status, body });
    expect(log.ends).toEqual([]);
  });

  test("afterWebSocket runs after a return, after an error, and after a handler that has refused", async () => {
    quiet();
    const app = new Site();
    const log = new Log();
    app.wsMiddlewares.push(log);
    const { open, refusal } = await site(app);
    await (await open("/")).closed;
    const boom = await open("/boom");
    boom.send("x");
    await boom.closed;
    await refusal("/boom0");
    await expect.poll(() => log.ends.length).toBe(3);
    expect(log.ends[0]).toMatchObject({ code: 1000, reason: "" });
    expect(log.ends[1]).toMatchObject({ code: 1011, reason: "Internal error" });
    expect(log.ends[2]).toBeUndefined();
  });
});

describe("below mount", () => {
  class Shop extends App<Data> {
    async ws_index(ws: AppSocket<Data>) {
      await ws.accept();
      await ws.sendText("shop");
    }
    async ws_talk(ws: AppSocket<Data>, name: string) {
      const { request } = this;
      request.session.n = 1;
      await ws.accept();
      await ws.sendText(`${this instanceof Shop} ${name} ${request.route} ${request.path}`);
      for await (const _ of ws)
        await ws.sendText(String(await ws.session((session) => update(session, "n", (n = 0) => n + 1))));
    }
  }
  class Outer extends App<Data> {
    read() {
      return { ...this.request.session };
    }
  }
  class Noting extends WebSocketMiddleware {
    readonly #name: string;
    readonly #log: string[];
    constructor(name: string, log: string[]) {
      super();
      this.#name = name;
      this.#log = log;
    }
    override beforeWebSocket(request: AppRequest) {
      this.#log.push(`before ${this.#name} ${request.route}`);
      return request.query("refuse", "") === this.#name ? reply(401, this.#name) : undefined;
    }
    override afterWebSocket(_: unknown, end: SocketEnd | undefined) {
      this.#log.push(`after ${this.#name} ${end?.code}`);
    }
  }

  test("the methods of the other App answer, with the session of the App that is served", async () => {
    const outer = new Outer();
    outer.middlewares.push(mount("/in/caf%C3%A9", new Shop()));
    const at = await site(outer);
    const root = await at.open("/in/caf%C3%A9");
    expect(await root.next()).toBe("shop");
    const socket = await at.open("/in/caf%C3%A9/talk/ann");
    expect(await socket.next()).toBe("true ann ws_talk /in/café/talk/ann");
    socket.send("hit");
    expect(await socket.next()).toBe("2");
    const answer = await fetch(`${at.url}read`, { headers: { cookie: socket.cookie! } });
    expect(await answer.json()).toEqual({ n: 2 });
    expect((await at.refusal("/talk/ann")).status).toBe(404);
    expect((await at.refusal("/in/caf%C3%A9/nothing")).status).toBe(404);
    expect((await at.refusal("/in/caf%C3%A9/talk")).status).toBe(400);
  });

  test("the middlewares of all Apps on the way run, those of the inner one inside", async () => {
    const log: string[] = [];
    const [outer, middle, inner] = [new Outer(), new Outer(), new Shop()];
    outer.middlewares.push(mount("/a", middle));
    middle.middlewares.push(mount("/b", inner));
    for (const [name, app] of Object.entries({ outer, middle, inner }))
      app.wsMiddlewares.push(new Noting(name, log));
    const at = await site(outer);
    const socket = await at.open("/a/b");
    await socket.closed;
    await expect
      .poll(() => log)
      .toEqual([
        "before outer undefined",
        "before middle undefined",
        "before inner ws_index",
        "after inner 1000",
        "after middle 1000",
        "after outer 1000",
      ]);
    log.length = 0;
    expect(await at.refusal("/a/b?refuse=middle")).toMatchObject({ status: 401, body: "middle" });
    expect(log).toEqual(["before outer undefined", "before middle undefined"]);
    expect((await at.refusal("/a")).status).toBe(404);
  });

  test("an App below itself is asked once", async () => {
    const app = new Shop();
    app.middlewares.push(mount("/", app));
    const at = await site(app);
    expect(await (await at.open("/")).next()).toBe("shop");
    expect((await at.refusal("/nothing")).status).toBe(404);
  });
});
