import { once } from "node:events";
import { type HttpBindings, serve } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { stream } from "hono/streaming";
import { gate } from "micropie/testing";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { makingOf } from "../../src/visit/carry.ts";
import { ask, cookieOf, count, mount, read } from "./_hono-mount.ts";
import { ask as askByHttp, SlowBackend, Wire } from "./_server.ts";

type App = ReturnType<typeof mount>["app"];

/** It puts its own Request and Response in the place of Node's. */
async function listen(app: App): Promise<number> {
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

describe("honoSessions on @hono/node-server", () => {
  it("leaves its responses what makes them fast", async () => {
    const { app } = mount();
    app.get("/text", count).get("/json", read);
    app.get("/bytes", (c) => c.body(new Uint8Array(c.var.session.visits!)));
    app.get("/empty", (c) => c.body(null, c.var.session.visits ? 204 : 205));
    await listen(app);
    const first = await ask(app, "/text");
    expect(makingOf(first)?.[1]).toBe("1");
    const cookie = cookieOf(first);
    expect(makingOf(await ask(app, "/text", cookie))?.[1]).toBe("2");
    expect(makingOf(await ask(app, "/json", cookie))?.[1]).toBe('{"visits":2}');
    expect(makingOf(await ask(app, "/bytes", cookie))?.[1]).toEqual(new Uint8Array(2));
    expect(makingOf(await ask(app, "/empty", cookie))?.[1]).toBeNull();
  });

  it("sends the length of a text, and its headers once", async () => {
    const { app } = mount();
    app.get("/", (c) => {
      c.header("Vary", "Accept");
      c.header("Set-Cookie", "own=1");
      return count(c);
    });
    const port = await listen(app);
    const { rawHeaders, cookie } = await askByHttp(port);
    const named = (name: string) =>
      rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]!.toLowerCase() === name);
    expect(named("content-length")).toEqual(["1"]);
    expect(named("vary")).toEqual(["Accept, Cookie"]);
    expect(named("cache-control")).toEqual(["no-store"]);
    expect(named("set-cookie")).toEqual(["own=1", expect.stringContaining("session_id=")]);
    expect((await askByHttp(port, "/", { cookie })).body).toBe("2");
  });

  it("tells of a cookie that could not be sent because a handler answered past Hono", async () => {
    const { app, errors } = mount();
    app.get("/text", count).get("/node", (c) => {
      const { outgoing } = c.env as unknown as HttpBindings;
      count(c);
      setImmediate(() => outgoing.end("by Node"));
      return RESPONSE_ALREADY_SENT;
    });
    const port = await listen(app);
    expect(await askByHttp(port, "/node")).toMatchObject({ body: "by Node", cookie: undefined });
    expect(errors).toEqual([expect.objectContaining({ code: "headers_sent" })]);
    const { cookie } = await askByHttp(port, "/text");
    await askByHttp(port, "/node", { cookie });
    expect((await askByHttp(port, "/text", { cookie })).body).toBe("3");
    expect(errors).toHaveLength(1);
  });

  it("saves what a stream changed until its client left", async () => {
    const { app } = mount();
    app.get("/count", count).get("/read", read);
    let left: () => void;
    const gone = new Promise<void>((resolve) => {
      left = resolve;
    });
    app.get("/stream", (c) =>
      stream(c, async (out) => {
        out.onAbort(() => left());
        for (let part = 1; !out.aborted; part++) {
          c.get("session").name = "streaming";
          await out.write(`part ${part} `);
          await new Promise(setImmediate);
        }
      }),
    );
    const port = await listen(app);
    const { cookie } = await askByHttp(port, "/count");
    const wire = new Wire(port, "/stream", { Cookie: cookie });
    await wire.until("part 3");
    wire.socket.destroy();
    await gone;
    expect((await askByHttp(port, "/read", { cookie })).body).toBe('{"visits":1,"name":"streaming"}');
  });

  it("cuts the connection if the save at the end of a stream fails", async () => {
    const backend = new SlowBackend();
    const waiting = gate();
    vi.spyOn(console, "error").mockImplementation(() => {});
    const { app, errors } = mount(backend);
    app.get("/count", count);
    app.get("/stream", (c) =>
      stream(c, async (out) => {
        await out.write("first");
        await waiting.wait();
        c.get("session").name = "late";
      }),
    );
    const port = await listen(app);
    const { cookie } = await askByHttp(port, "/count");
    backend.broken = new Error("down");
    const wire = new Wire(port, "/stream", { Cookie: cookie });
    await wire.until("first");
    waiting.open();
    const received = await wire.all();
    expect(received).toContain("200 OK");
    expect(received).not.toContain("\r\n0\r\n");
    expect(errors).toEqual([expect.objectContaining({ code: "backend_failed" })]);
  });
});
