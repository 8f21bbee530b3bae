import { connect } from "node:net";
import { App, ConfigError } from "micropie";
import { type AppSocket, ConnectionClosed } from "micropie/sockets/app";
import { describe, expect, test } from "vitest";
import { gate } from "./_client.ts";
import { site } from "./_socket.ts";

class Site extends App<{ n?: number }> {
  readonly inside = gate();
  readonly go = gate();
  readonly gone = gate();
  sent = 0;
  readonly ended = gate<unknown>();
  async ws_echo(ws: AppSocket) {
    await ws.accept();
    for await (const message of ws) await ws.sendText(String(message.length));
  }
  async ws_hold(ws: AppSocket) {
    ws.signal.addEventListener("abort", () => this.gone.open());
    this.inside.open();
    await this.go.passed;
    await ws.accept().catch((error: unknown) => {
      this.ended.open(error);
      throw error;
    });
  }
  async ws_deaf(ws: AppSocket) {
    await ws.accept();
    ws.signal.addEventListener("abort", () => this.ended.open(ws.signal.reason));
    await this.ended.passed;
  }
  async ws_flood(ws: AppSocket, awaited: string) {
    await ws.accept();
    const chunk = new Uint8Array(1_000_000);
    try {
      for (; this.sent < 200; this.sent++) {
        const sending = ws.sendBytes(chunk);
        if (awaited === "yes") await sending;
      }
      if (awaited !== "yes") await ws.sendText("one more");
      await ws.receiveText();
    } catch (error) {
      this.ended.open(error);
    }
  }
}

describe("only pages of the same host may open a WebSocket", () => {
  test.each<[string, string | null, object, boolean]>([
    ["the same host", "http://HOST", {}, true],
    ["the same host by TLS, which a proxy ends", "https://HOST", {}, true],
    ["another port", "http://127.0.0.1:1", {}, false],
    ["another host", "https://evil.example", {}, false],
    ["a host that begins alike", "http://HOST.evil.example", {}, false],
    ["no page (a sandboxed frame)", "null", {}, false],
    ["no Origin", null, {}, false],
    ["no Origin, if asked", null, { withoutOrigin: true }, true],
    ["another host in the list", "https://app.example", { origins: ["https://app.example"] }, true],
    ["another scheme than in the list", "http://app.example", { origins: ["https://app.example"] }, false],
    ["an extension in the list", "chrome-extension://abc", { origins: ["chrome-extension://abc"] }, true],
    ["an extension", "chrome-extension://HOST", {}, false],
    ["nonsense", "%%%", {}, false],
  ])("%s", async (_, origin, sockets, allowed) => {
    const { open, refusal, port } = await site(new Site({ sockets }));
    const opening = { origin: origin?.replace("HOST", `127.0.0.1:${port}`) ?? null };
    if (allowed) return void (await open("/echo", opening));
    const { status, body } = await refusal("/echo", opening);
    expect([status, body]).toEqual([403, "403 Forbidden: Another site may not open this"]);
  });

  test("a default port need not be written", async () => {
    const { open } = await site(new Site());
    await open("/echo", { headers: { host: "shop.example" }, origin: "https://shop.example" });
    await open("/echo", { headers: { host: "shop.example:443" }, origin: "https://shop.example" });
    await open("/echo", { headers: { host: "shop.example:80" }, origin: "http://shop.example" });
  });
});

test.each([
  [{ messageSize: 0 }, "sockets.messageSize"],
  [{ queueSize: 1.5 }, "sockets.queueSize"],
  [{ handshakes: -1 }, "sockets.handshakes"],
  [{ ping: "0s" }, "sockets.ping"],
  [{ ping: 30_000 }, "sockets.ping"],
  [{ origins: "https://a.example" }, "sockets.origins"],
  [{ origins: ["https://a.example/"] }, "sockets.origins"],
  [{ origins: ["a.example"] }, "sockets.origins"],
  [{ origins: [7] }, "sockets.origins"],
  [{ withoutOrigin: "yes" }, "sockets.withoutOrigin"],
  [{ messagesize: 1 }, "sockets.messagesize"],
])("%j is refused at start, by the name %s", (sockets, option) => {
  expect(() => new Site({ sockets: sockets as object })).toThrow(ConfigError);
  expect(() => new Site({ sockets: sockets as object })).toThrow(`${option}: `);
});

describe("limits", () => {
  test.each([
    ["text", "x".repeat(1_048_577)],
    ["bytes", Buffer.alloc(1_048_577)],
  ])("a message of over 1 MiB, %s, closes with 1009; one of 1 MiB is received", async (_, message) => {
    const { open } = await site(new Site());
    const socket = await open("/echo");
    socket.send(message.slice(1));
    expect(await socket.next()).toBe("1048576");
    socket.send(message);
    expect((await socket.closed).code).toBe(1009);
  });

  test("messages that nobody receives: above queueSize the socket closes with 1008", async () => {
    const app = new Site({ sockets: { queueSize: 100_000 } });
    const { open } = await site(app);
    const socket = await open("/deaf");
    for (let i = 0; i < 101; i++) socket.send("x".repeat(1000));
    expect(await socket.closed).toEqual({ code: 1008, reason: "Too many messages wait" });
    expect(await app.ended.passed).toMatchObject({ code: 1008 });
  });

  test("send resolves when there is room, so what waits for a slow client is bounded", async () => {
    const app = new Site();
    const { open } = await site(app);
    const socket = await open("/flood/yes");
    socket.raw.pause();
    const other = await open("/echo");
    for (let i = 0; i < 100; i++) {
      other.send("x");
      await other.next();
    }
    // What the system itself holds for a connection is a few MB.
    expect(app.sent).toBeLessThan(50);
    socket.raw.resume();
    for (let i = 0; i < 200; i++) await socket.next();
    expect(app.sent).toBe(200);
  });

  test("who does not wait for a slow client loses it with 1008", async () => {
    const app = new Site();
    const { open } = await site(app);
    const socket = await open("/flood/no");
    socket.raw.pause();
    expect(await app.ended.passed).toMatchObject({ code: 1008 });
    socket.raw.resume();
    await socket.closed;
  });

  test("handshakes that are not accepted yet: above the limit they are refused with 503", async () => {
    const app = new Site({ sockets: { handshakes: 1 } });
    const { open, refusal } = await site(app);
    const first = open("/hold");
    await app.inside.passed;
    const { status, headers } = await refusal("/echo");
    expect([status, headers.get("retry-after")]).toEqual([503, "5"]);
    app.go.open();
    await (await first).closed;
    await open("/echo");
  });

  test("a client that leaves before accept: accept throws ConnectionClosed 1006", async () => {
    const app = new Site();
    const { port } = await site(app);
    const socket = connect(port, "127.0.0.1");
    socket.write(
      `GET /hold HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\nConnection: Upgrade\r\n` +
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await app.inside.passed;
    socket.destroy();
    await app.gone.passed;
    app.go.open();
    expect(await app.ended.passed).toBeInstanceOf(ConnectionClosed);
    expect(await app.ended.passed).toMatchObject({ code: 1006 });
  });

  test("a client that does not answer a ping is disconnected", async () => {
    const app = new Site({ sockets: { ping: 1 } });
    const { open } = await site(app);
    const socket = await open("/deaf");
    // It reads nothing more, so it answers nothing.
    socket.raw.pause();
    expect(await app.ended.passed).toMatchObject({ code: 1006 });
  });

  test("a client that answers pings and is silent stays", async () => {
    const app = new Site({ sockets: { ping: 1 } });
    const { open } = await site(app);
    const socket = await open("/echo");
    for (let pings = 0; pings < 3; pings++) await new Promise((resolve) => socket.raw.once("ping", resolve));
    socket.send("x");
    expect(await socket.next()).toBe("1");
  });
});
