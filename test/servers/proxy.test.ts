import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createClient } from "redis";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { until } from "../_until.ts";
import { onServer } from "./on-server.ts";
import { type FaultProxy, startProxy } from "./proxy.ts";
import { command, type RedisServer, startRedis } from "./redis.ts";

/** A connection, and what happens to it. */
class Line {
  readonly socket: Socket;
  received = "";
  /** "end", if the other side said so, or the code of an error. */
  readonly over: Promise<string>;
  isOver = false;

  constructor(port: number) {
    this.socket = connect({ host: "127.0.0.1", port });
    this.socket.setEncoding("latin1").on("data", (part: string) => {
      this.received += part;
    });
    this.over = new Promise((resolve) => {
      this.socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code!));
      this.socket.on("end", () => resolve("end"));
    });
    void this.over.then(() => {
      this.isOver = true;
    });
  }

  send(text: string): void {
    this.socket.write(`${text}\r\n`);
  }

  /** Sends a command, and waits for just this answer. */
  async ask(text: string, answer: string): Promise<void> {
    this.received = "";
    this.send(text);
    await until(async () => expect(this.received).toBe(`${answer}\r\n`));
  }
}

await onServer("redis", () => {
  let server: RedisServer;
  let proxy: FaultProxy;
  const lines: Line[] = [];

  const open = (): Line => {
    const line = new Line(proxy.port);
    lines.push(line);
    return line;
  };
  const direct = (...args: string[]) => command(server.port, ...args);
  const isLost = (bytes: number) =>
    until(async () => {
      if (proxy.lost < bytes) throw new Error(`Only ${proxy.lost} bytes were lost.`);
    });
  const becomes = (wanted: unknown, read: () => Promise<unknown>) =>
    until(async () => expect(await read()).toEqual(wanted));

  beforeAll(async () => {
    server = await startRedis();
  });
  beforeEach(async () => {
    await direct("FLUSHALL");
    proxy = await startProxy({ host: "127.0.0.1", port: server.port });
  });
  afterEach(async () => {
    for (const { socket } of lines.splice(0)) socket.destroy();
    await proxy.stop();
  });
  afterAll(() => server.stop());

  test("without a fault it passes on everything in both directions, including the end", async () => {
    const client = await createClient({ url: `redis://127.0.0.1:${proxy.port}` }).connect();
    const value = "0123456789abcdef".repeat(1 << 18);
    await client.set("large", value);
    expect((await client.get("large")) === value).toBe(true);
    await client.close();
    await becomes(0, async () => proxy.connections);

    const line = open();
    await line.ask("PING", "+PONG");
    line.send("QUIT");
    expect(await line.over).toBe("end");
    expect(proxy.lost).toBe(0);
  });

  test("latency delays each direction, and keeps the order", async () => {
    const line = open();
    await line.ask("PING", "+PONG");
    proxy.latency(2000);
    const begin = performance.now();
    line.send("RPUSH list 1");
    line.send("RPUSH list 2");
    await line.ask("LRANGE list 0 -1", ":1\r\n:2\r\n*2\r\n$1\r\n1\r\n$1\r\n2");
    expect(performance.now() - begin).toBeGreaterThanOrEqual(3990);

    proxy.heal();
    const again = performance.now();
    await line.ask("PING", "+PONG");
    expect(performance.now() - again).toBeLessThan(2000);
  });

  test("reset resets open and new connections until the proxy is healed", async () => {
    const line = open();
    await line.ask("PING", "+PONG");
    proxy.reset();
    expect(await line.over).toBe("ECONNRESET");
    expect(await open().over).toBe("ECONNRESET");
    proxy.heal();
    await open().ask("PING", "+PONG");

    proxy.reset({ once: true });
    expect(await lines.at(-1)!.over).toBe("ECONNRESET");
    await open().ask("PING", "+PONG");
  });

  test("a black hole accepts connections and swallows everything", async () => {
    const old = open();
    await old.ask("PING", "+PONG");
    proxy.blackHole();
    old.send("INCR count");
    const young = open();
    await once(young.socket, "connect");
    young.send("INCR count");
    await isLost(2 * "INCR count\r\n".length);
    expect(await direct("GET", "count")).toBe(null);
    expect([old.isOver, young.isOver]).toEqual([false, false]);

    proxy.heal();
    expect(await Promise.all([old.over, young.over])).toEqual(["ECONNRESET", "ECONNRESET"]);
    await open().ask("INCR count", ":1");
  });

  test("a black hole for replies lets requests reach the server", async () => {
    const line = open();
    await line.ask("PING", "+PONG");
    proxy.blackHole("replies");
    line.received = "";
    line.send("INCR count");
    await becomes("1", () => direct("GET", "count"));
    await isLost(":1\r\n".length);
    expect([line.received, line.isOver]).toEqual(["", false]);
    proxy.heal();
    expect(await line.over).toBe("ECONNRESET");
  });

  test("a connection on which nothing was sent meanwhile is as good as ever", async () => {
    const line = open();
    await line.ask("PING", "+PONG");
    proxy.blackHole();
    proxy.heal();
    await line.ask("PING", "+PONG");
  });

  test("half-open: the server has lost the connection, the client has not", async () => {
    const line = open();
    await line.ask("CLIENT SETNAME lost", "+OK");
    expect(await direct("CLIENT", "LIST")).toContain("name=lost");
    proxy.halfOpen();
    await until(async () => expect(await direct("CLIENT", "LIST")).not.toContain("name=lost"));
    line.received = "";
    line.send("INCR count");
    await isLost("INCR count\r\n".length);
    expect([line.received, line.isOver, line.socket.writable]).toEqual(["", false, true]);
    await open().ask("INCR count", ":1");
    proxy.heal();
    expect(await line.over).toBe("ECONNRESET");
    await lines.at(-1)!.ask("INCR count", ":2");
  });

  test("half-open: the client is not told when the server closes the connection", async () => {
    const line = open();
    await line.ask("PING", "+PONG");
    proxy.halfOpen();
    await server.restart();
    await open().ask("PING", "+PONG");
    expect(line.isOver).toBe(false);
  });

  test("a reply is cut after so many bytes, on each connection, until it is healed", async () => {
    await direct("SET", "word", "abcdefgh");
    const line = open();
    await line.ask("PING", "+PONG");
    proxy.cutReply(6);
    for (const each of [line, open()]) {
      each.received = "";
      each.send("GET word");
      expect(await each.over).toBe("end");
      expect(each.received).toBe("$8\r\nab");
    }
    proxy.heal();
    await open().ask("GET word", "$8\r\nabcdefgh");
  });

  test("a request whose reply is cut off was carried out; with `once`, the next reply is whole", async () => {
    proxy.cutReply(0, { once: true });
    const line = open();
    line.send("INCR count");
    expect(await line.over).toBe("end");
    expect(line.received).toBe("");
    await open().ask("INCR count", ":2");
  });

  test("shorter replies stay whole, and counting begins with the call", async () => {
    const line = open();
    for (const _ of [1, 2]) {
      proxy.cutReply("+PONG\r\n".length);
      await line.ask("PING", "+PONG");
    }
    line.received = "";
    line.send("INCR count");
    expect(await line.over).toBe("end");
    expect(line.received).toBe("");
    expect(await direct("GET", "count")).toBe("1");
  });

  test("the proxy passes on that a server was killed, and connects again after a restart", async () => {
    const line = open();
    await line.ask("PING", "+PONG");
    await server.kill();
    expect(["end", "ECONNRESET"]).toContain(await line.over);
    expect(await open().over).toBe("ECONNRESET");
    await server.restart();
    await open().ask("PING", "+PONG");
  });

  test("stop ends the connections and the port", async () => {
    const line = open();
    await line.ask("PING", "+PONG");
    const other = await startProxy({ host: "127.0.0.1", port: server.port });
    await other.stop();
    expect(await new Line(other.port).over).toBe("ECONNREFUSED");
    await proxy.stop();
    expect(await line.over).toBe("ECONNRESET");
    proxy = await startProxy({ host: "127.0.0.1", port: server.port });
  });
});
