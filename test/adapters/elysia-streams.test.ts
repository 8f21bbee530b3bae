import { Elysia } from "elysia";
import { BackendError, type Session } from "micropie";
import { describe, expect, it } from "vitest";
import { ask, broken, cookieOf, type Data, mount, textOf } from "./_elysia-mount.ts";
import { SlowBackend } from "./_server.ts";

describe("a stream", () => {
  const streams: Record<string, (late: () => void) => unknown> = {
    *generator(late) {
      yield "first";
      yield "second";
      late();
    },
    async *"async generator"(late) {
      yield "first";
      await null;
      late();
    },
    response: (late) =>
      new Response(
        new ReadableStream(
          {
            pull(controller) {
              controller.enqueue(new TextEncoder().encode("first"));
              late();
              controller.close();
            },
          },
          { highWaterMark: 0 },
        ),
      ),
  };
  const kinds = [...Object.keys(streams), "response of a hook"];
  it.each(kinds)("of a %s has what changes saved before its end", async (kind) => {
    const backend = new SlowBackend();
    const { app } = mount(backend);
    const streamed = ({ session }: { session: Session<Data> }) =>
      streams[kind === "response of a hook" ? "response" : kind]!(() => {
        session.name = "late";
      });
    if (kind === "response of a hook") app.get("/", () => "text", { mapResponse: streamed as never });
    else app.get("/", streamed);
    const cookie = cookieOf(await ask(app, "/count"));
    const answer = await ask(app, "/", cookie);
    const saving = backend.hold();
    let opened = false;
    const text = textOf(answer).then((all) => expect([all.includes("first"), opened]).toEqual([true, true]));
    await saving.reached;
    opened = true;
    saving.open();
    await text;
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({ visits: 1, name: "late" });
  });

  it("breaks off when the last save fails, and has it done when the client leaves", async () => {
    const backend = new SlowBackend();
    const { app, errors } = mount(backend);
    let part = 0;
    app.get("/", async function* ({ session }) {
      for (;;) {
        yield "part";
        session.name = `late ${++part}`;
        if (part % 3 === 0) return;
      }
    });
    const cookie = cookieOf(await ask(app, "/count"));
    const reader = (await ask(app, "/", cookie)).body!.getReader();
    for (let read = 0; read < 3; read++) await reader.read();
    await reader.cancel();
    expect((await (await ask(app, "/read", cookie)).json()).name).toMatch(/late/);
    const answer = await ask(app, "/", cookie);
    backend.broken = new Error("down");
    await expect(textOf(answer)).rejects.toMatchObject({ code: "backend_failed" });
    expect(errors).toHaveLength(1);
  });

  it.each([true, false])(
    "sends nothing before what changes before its first part is saved",
    async (later) => {
      const { plugin } = mount(broken());
      const seen: unknown[] = [];
      const app = new Elysia()
        .onError(({ error }) => {
          seen.push(error);
          return "sorry";
        })
        .use(plugin);
      if (later) {
        app.get("/", async function* ({ session }) {
          session.visits = 1;
          await null;
          yield "first";
        });
      } else {
        app.get("/", function* ({ session }) {
          session.visits = 1;
          yield "first";
        });
      }
      const answer = await ask(app);
      expect([answer.status, await answer.text()]).toEqual([503, "sorry"]);
      expect(seen[0]).toBeInstanceOf(BackendError);
    },
  );

  it("that throws before its first part saves nothing", async () => {
    const backend = new SlowBackend();
    const { plugin } = mount(backend);
    const app = new Elysia().onError(() => "sorry").use(plugin);
    app.get("/", async function* ({ session }) {
      session.visits = 1;
      if (session.visits === 1) throw new Error("mine");
      yield "never";
    });
    expect(await (await ask(app)).text()).toBe("sorry");
    expect(backend.saves).toBe(0);
  });
});
