import { connect, type Socket as TcpSocket } from "node:net";
import { App } from "micropie";
import type { AppSocket } from "micropie/sockets/app";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { quiet } from "./_client.ts";
import { site } from "./_socket.ts";

class Echo extends App<{ n?: number }> {
  open = 0;
  index() {
    return "up";
  }
  async ws_echo(ws: AppSocket) {
    await ws.accept();
    this.open += 1;
    try {
      for await (const message of ws)
        await (typeof message === "string" ? ws.sendText(message) : ws.sendBytes(message));
    } finally {
      this.open -= 1;
    }
  }
}

/** A generator of random numbers with a seed, so that a failure comes again. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const openSockets = (): number =>
  process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap").length;

/** Sends bytes; returns the first line of the answer, empty if there is none. `stay` leaves the connection open. */
function answerTo(port: number, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket: TcpSocket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("\r\n\r\n")) socket.destroy();
    });
    socket.on("close", () => resolve(text.split("\r\n", 1)[0]!));
    socket.end(bytes);
  });
}

function handshake(
  port: number,
  changes: Record<string, string | undefined> = {},
  line = "GET /echo HTTP/1.1",
): string {
  const headers: Record<string, string | undefined> = {
    Host: `127.0.0.1:${port}`,
    Origin: `http://127.0.0.1:${port}`,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${value}`,
  );
  return `${[line, ...lines].join("\r\n")}\r\n\r\n`;
}

test.each<[string, Record<string, string | undefined>, number, string?]>([
  ["none", {}, 101],
  ["no key", { "Sec-WebSocket-Key": undefined }, 400],
  ["a short key", { "Sec-WebSocket-Key": "abc=" }, 400],
  ["a key with a line of its own", { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==, x" }, 400],
  ["version 8", { "Sec-WebSocket-Version": "8" }, 426],
  ["no version", { "Sec-WebSocket-Version": undefined }, 426],
  ["POST", {}, 405, "POST /echo HTTP/1.1"],
  ["another protocol, which is ignored", { Upgrade: "h2c" }, 404],
  ["an extension, which is not used", { "Sec-WebSocket-Extensions": ";;=" }, 101],
  ["a wrong subprotocol", { "Sec-WebSocket-Protocol": "a b" }, 400],
  ["headers of 20 kB", { "X-Huge": "x".repeat(20_000) }, 431],
  ["a path of 17 kB", {}, 431, `GET /${"x".repeat(17_000)} HTTP/1.1`],
  ["a malformed escape", {}, 400, "GET /echo%zz/a HTTP/1.1"],
  ["no host", { Host: undefined }, 403],
])("a handshake with this wrong: %s", async (_, changes, expected, line) => {
  const { port } = await site(new Echo());
  expect(await answerTo(port, handshake(port, changes, line))).toMatch(new RegExp(`^HTTP/1.1 ${expected} `));
});

test("1,000 random handshakes and frames: no crash, no leak, and the server answers", async () => {
  quiet();
  const app = new Echo();
  const { port, url, open } = await site(app);
  const before = openSockets();
  for (let seed = 0; seed < 10; seed++) {
    const random = randomFrom(seed);
    const one = async (): Promise<void> => {
      const bytes = Buffer.from(handshake(port), "latin1");
      const kind = random(5);
      // Half of one, a few wrong bytes in one, or frames of noise behind one.
      if (kind === 0) await answerTo(port, bytes.subarray(0, random(bytes.length)));
      else if (kind === 1) {
        for (let i = 0; i <= random(4); i++) bytes[random(bytes.length)] = random(256);
        await answerTo(port, bytes);
      } else if (kind === 2) {
        const noise = Buffer.from(Array.from({ length: random(500) }, () => random(256)));
        await answerTo(port, Buffer.concat([bytes, noise]));
      } else {
        const socket = await open("/echo");
        const raw = (socket.raw as unknown as { _socket: TcpSocket })._socket;
        raw.write(Buffer.from(Array.from({ length: 1 + random(200) }, () => random(256))));
        if (kind === 3) raw.destroy();
        else socket.raw.terminate();
      }
    };
    await Promise.all(Array.from({ length: 100 }, one));
  }
  const socket = await open("/echo");
  socket.send("still here");
  expect(await socket.next()).toBe("still here");
  socket.raw.terminate();
  expect(await (await fetch(url, { headers: { connection: "close" } })).text()).toBe("up");
  await expect.poll(() => app.open).toBe(0);
  await expect.poll(openSockets).toBeLessThanOrEqual(before + 2);
});

test("1,000 at once: each is answered, and nothing is left of them", async () => {
  const app = new Echo();
  const { port } = await site(app);
  const before = openSockets();
  const sockets = await Promise.all(
    Array.from({ length: 1000 }, async (_, index) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { origin: `http://127.0.0.1:${port}` });
      const message = await new Promise<string>((resolve, reject) => {
        socket.on("error", reject);
        socket.on("open", () => socket.send(String(index)));
        socket.on("message", (data: Buffer) => resolve(data.toString()));
      });
      expect(message).toBe(String(index));
      return socket;
    }),
  );
  expect(app.open).toBe(1000);
  for (const socket of sockets) socket.terminate();
  await expect.poll(() => app.open).toBe(0);
  await expect.poll(openSockets).toBeLessThanOrEqual(before);
});
