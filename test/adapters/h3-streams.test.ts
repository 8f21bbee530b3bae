import { createEventStream, fromNodeHandler, type H3Event, iterable } from "h3";
import { gate } from "micropie/testing";
import { describe, expect, it } from "vitest";
import { ask, cookieOf, listen, mount } from "./_h3-mount.ts";
import { ask as askByHttp, SlowBackend, Wire } from "./_server.ts";

describe("a stream", () => {
  const streams: Record<string, (event: H3Event, late: () => void) => unknown> = {
    iterable: (_, late) =>
      iterable(async function* () {
        yield "first";
        late();
      }),
    async *generator(_, late) {
      yield "first";
      late();
    },
    "event stream": (event, late) => {
      const stream = createEventStream(event);
      void stream.push("first").then(() => {
        late();
        return stream.close();
      });
      return stream;
    },
    "sent event stream": (event, late) => {
      const stream = createEventStream(event);
      void stream.push("first").then(() => {
        late();
        return stream.close();
      });
      return stream.send();
    },
  };

  it.each(Object.keys(streams))("made by %s has what changes saved before its end", async (kind) => {
    const backend = new SlowBackend();
    const { app, session } = mount(backend);
    app.get("/", (event) => {
      const data = session(event);
      return streams[kind]!(event, () => {
        data.name = "late";
      });
    });
    const cookie = cookieOf(await ask(app, "/count"));
    const answer = await ask(app, "/", cookie);
    const saving = backend.hold();
    let opened = false;
    const text = answer.text().then((all) => expect([all.includes("first"), opened]).toEqual([true, true]));
    await saving.reached;
    opened = true;
    saving.open();
    await text;
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({ visits: 1, name: "late" });
  });

  it("breaks off when the last save fails, and saves nothing more when it fails itself", async () => {
    const backend = new SlowBackend();
    const { app, session, errors } = mount(backend);
    app.get("/late", async function* (event: H3Event) {
      yield "first";
      session(event).name = `late ${Math.random()}`;
    } as never);
    app.get("/fail", async function* (event: H3Event) {
      yield "first";
      session(event).name = "lost";
      throw new RangeError("mine");
    } as never);
    const cookie = cookieOf(await ask(app, "/count"));
    await expect((await ask(app, "/fail", cookie)).text()).rejects.toThrow("mine");
    await expect((await ask(app, "/late")).text()).rejects.toMatchObject({ code: "headers_sent" });
    const answer = await ask(app, "/late", cookie);
    backend.broken = new Error("down");
    await expect(answer.text()).rejects.toMatchObject({ code: "backend_failed" });
    expect(errors).toHaveLength(2);
    backend.broken = undefined;
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({ visits: 1 });
  });

  it("has its session saved when the client leaves", async () => {
    const { app, session } = mount();
    const gone = gate();
    app.get("/events", (event) => {
      const stream = createEventStream(event);
      stream.onClosed(() => gone.open());
      session(event).name = "listening";
      void stream.push("hello");
      return stream;
    });
    const port = await listen(app);
    const { cookie } = await askByHttp(port, "/count");
    const wire = new Wire(port, "/events", { Cookie: cookie });
    await wire.until("hello");
    wire.socket.destroy();
    await gone.wait();
    expect((await askByHttp(port, "/read", { cookie })).body).toBe('{"visits":1,"name":"listening"}');
  });
});

it("tells of a cookie that could not be sent because a Node handler answered past h3", async () => {
  const { app, session, errors } = mount();
  app.use("/node/**", (event) => {
    session(event).visits = 1;
  });
  app.get(
    "/node/**",
    fromNodeHandler((_, res) => void res.end("by Node")),
  );
  const port = await listen(app);
  expect(await askByHttp(port, "/node/")).toMatchObject({ body: "by Node", cookie: undefined });
  expect(errors).toEqual([expect.objectContaining({ code: "headers_sent" })]);
  const { cookie } = await askByHttp(port, "/count");
  await askByHttp(port, "/node/", { cookie });
  expect(errors).toHaveLength(1);
});
