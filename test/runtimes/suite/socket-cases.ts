import assert from "node:assert/strict";
import { App, createSessions, info, login, logout, type Sessions, update } from "micropie";
import type { AppSocket } from "micropie/sockets/app";
import type { SocketSession } from "micropie/sockets/socket-session";
import type { SuiteCase } from "micropie/testing";
import { SocketClient } from "./socket-client.ts";

interface Data {
  n?: number;
}

class Sockets extends App<Data> {
  ended: unknown;
  sign() {
    login(this.request.session, "ann");
    this.request.session.n = 0;
    return "ok";
  }
  out() {
    logout(this.request.session);
    return "bye";
  }
  async ws_echo(ws: AppSocket<Data>, greeting = "echo") {
    await ws.accept();
    for await (const message of ws)
      await (typeof message === "string" ? ws.sendText(`${greeting} ${message}`) : ws.sendBytes(message));
  }
  async ws_count(ws: AppSocket<Data>) {
    this.request.session.n ??= 10;
    await ws.accept();
    for await (const _ of ws) {
      const count = await ws.session((session) => update(session, "n", (n = 0) => n + 1));
      await ws.sendText(String(count));
    }
  }
  async ws_wait(ws: AppSocket<Data>) {
    await ws.accept();
    try {
      await ws.receiveText();
    } catch (error) {
      this.ended = error;
      throw error;
    }
  }
  async ws_bye(ws: AppSocket<Data>) {
    await ws.accept({ subprotocol: "b" });
    ws.close(4000, "done");
  }
  async ws_boom(ws: AppSocket<Data>) {
    await ws.accept();
    throw new Error("a detail");
  }
  async ws_flood(ws: AppSocket<Data>) {
    await ws.accept();
    for (let i = 0; i < 100; i++) await ws.sendBytes(new Uint8Array(100_000));
  }
  ws_refused() {}
}

interface Site {
  readonly app: Sockets;
  readonly url: string;
  close(): Promise<void>;
}

const cases: Record<string, (site: Site) => Promise<void>> = {
  async "text and bytes come and go, and arguments are positional"({ url }) {
    const socket = await SocketClient.open(url, "/echo/hello");
    assert.equal(socket.status, 101);
    socket.send("ü");
    assert.equal(await socket.next(), "hello ü");
    socket.send(new Uint8Array([0, 255]));
    assert.deepEqual(await socket.next(), new Uint8Array([0, 255]));
    socket.send("x".repeat(1_000_000));
    assert.equal(((await socket.next()) as string).length, 1_000_006);
    socket.cut();
  },
  async "handshakes that are refused get their status"({ url }) {
    const refused = { "/nowhere": 404, "/refused": 403, "/echo/a/b": 404 };
    for (const [path, status] of Object.entries(refused))
      assert.equal((await SocketClient.open(url, path)).status, status);
    const foreign = await SocketClient.open(url, "/echo", { Origin: "https://evil.example" });
    assert.equal(foreign.status, 403);
  },
  async "close codes: by the handler, by its end, by its error, by the client"({ url, app }) {
    const error = console.error;
    console.error = () => {};
    const bye = await SocketClient.open(url, "/bye", { "Sec-WebSocket-Protocol": "a, b" });
    assert.deepEqual(
      bye.headers.find(([name]) => name === "sec-websocket-protocol"),
      ["sec-websocket-protocol", "b"],
    );
    assert.deepEqual(await bye.next(), { code: 4000, reason: "done" });
    const boom = await SocketClient.open(url, "/boom");
    assert.deepEqual(await boom.next(), { code: 1011, reason: "Internal error" });
    console.error = error;
    const flood = await SocketClient.open(url, "/flood");
    for (let i = 0; i < 100; i++) assert.equal(((await flood.next()) as Uint8Array).length, 100_000);
    assert.deepEqual(await flood.next(), { code: 1000, reason: "" });
    const wait = await SocketClient.open(url, "/wait");
    wait.close(4001, "enough");
    while (app.ended === undefined) await new Promise(setImmediate);
    const { code, reason } = app.ended as { code: number; reason: string };
    assert.deepEqual({ code, reason }, { code: 4001, reason: "enough" });
  },
  async "a message above the limit closes the socket"({ url }) {
    const socket = await SocketClient.open(url, "/echo");
    socket.send("x".repeat(1_048_577));
    const { code } = (await socket.next()) as { code: number };
    assert.ok([1009, 1006].includes(code), String(code));
  },
  async "the cookie of a new session is on the 101, and each message saves"({ url }) {
    const first = await SocketClient.open(url, "/count");
    assert.match(first.cookie ?? "", /^session_id=/);
    first.send("x");
    assert.equal(await first.next(), "11");
    const second = await SocketClient.open(url, "/count", { Cookie: first.cookie! });
    assert.equal(second.cookie, undefined);
    for (const socket of [first, second]) for (let i = 0; i < 50; i++) socket.send("x");
    for (const socket of [first, second]) for (let i = 0; i < 50; i++) await socket.next();
    first.send("x");
    assert.equal(await first.next(), "112");
    first.cut();
    second.cut();
  },
  async "a logout closes the sockets of its session with 4401"({ url }) {
    const signed = await fetch(new URL("/sign", url));
    const cookie = signed.headers.getSetCookie()[0]!.split(";", 1)[0]!;
    await signed.text();
    const sockets = [
      await SocketClient.open(url, "/wait", { Cookie: cookie }),
      await SocketClient.open(url, "/count", { Cookie: cookie }),
    ];
    await (await fetch(new URL("/out", url), { headers: { cookie } })).text();
    for (const socket of sockets) assert.deepEqual(await socket.next(), { code: 4401, reason: "logged_out" });
  },
  async "the server closes: 1001"({ url, close }) {
    const socket = await SocketClient.open(url, "/wait");
    const closing = close();
    // Deno gives a reason of its own.
    assert.equal(((await socket.next()) as { code: number }).code, 1001);
    await closing;
  },
};

/** WebSockets of an App that serves itself. */
export function socketCases(): SuiteCase[] {
  return Object.entries(cases).map(([name, run]) => ({
    promise: "App",
    name,
    async run() {
      const app = new Sockets();
      const { url, close } = await app.serve({
        port: 0,
        hostname: "127.0.0.1",
        signals: false,
        shutdownTimeout: 1,
      });
      try {
        await run({ app, url, close });
      } finally {
        await close();
      }
    },
  }));
}

/** Serves an application that answers each message by its session with `answerTo`. */
export type ServeSockets = (sessions: Sessions<Data>) => Promise<{ url: string; close(): unknown }>;

export async function answerTo(own: SocketSession<Data>): Promise<string> {
  return String(await own.session((session) => update(session, "n", (n = 0) => n + 1)));
}

/** What every adapter for sockets does, in short; test/sockets has more. */
export function adapterSocketCases(serve: ServeSockets): SuiteCase[] {
  const withSite = (run: (sessions: Sessions<Data>, url: string) => Promise<void>) => async () => {
    const sessions = createSessions<Data>();
    const { url, close } = await serve(sessions);
    try {
      await run(sessions, url);
    } finally {
      await close();
      await sessions.close();
    }
  };
  return [
    {
      promise: "U2",
      name: "a session that begins at the handshake has its cookie on the 101, and ends its socket when it is revoked",
      run: withSite(async (sessions, url) => {
        const socket = await SocketClient.open(url, "/chat");
        assert.equal(socket.status, 101);
        assert.match(socket.cookie ?? "", /^session_id=/);
        socket.send("x");
        assert.equal(await socket.next(), "11");
        const { handle } = info(await sessions.load(socket.cookie));
        await sessions.revoke({ handle: handle! });
        assert.deepEqual(await socket.next(), { code: 4401, reason: "revoked" });
      }),
    },
    {
      promise: "U2",
      name: "a page of another site is refused with 403",
      run: withSite(async (_, url) => {
        const socket = await SocketClient.open(url, "/chat", { Origin: "https://evil.example" });
        assert.equal(socket.status, 403);
        socket.cut();
      }),
    },
  ];
}
