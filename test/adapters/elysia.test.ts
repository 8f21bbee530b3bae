import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Elysia, NotFoundError, status, t } from "elysia";
import { BackendError, ConfigError, createSessions, login, type Session, save } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import { gate } from "micropie/testing";
import { describe, expect, expectTypeOf, it } from "vitest";
import { ask, broken, cookieOf, type Data, mount } from "./_elysia-mount.ts";
import { SlowBackend } from "./_server.ts";

describe("Elysia's context", () => {
  it("has the session, with its type", () => {
    const plugin = elysiaSessions(createSessions<Data>());
    const admin = elysiaSessions(createSessions<{ role: string }>(), { as: "admin" });
    new Elysia()
      .use(plugin)
      .use(admin)
      .resolve(({ session }) => ({ user: session.name }))
      .get("/", ({ session, admin, user }) => {
        expectTypeOf(session).toEqualTypeOf<Session<Data>>();
        expectTypeOf(admin.role).toEqualTypeOf<string | undefined>();
        expectTypeOf(user).toEqualTypeOf<string | undefined>();
      });
    // @ts-expect-error: another instance has none.
    new Elysia().use(new Elysia().use(plugin)).get("/", ({ session }) => session);
    const auth = new Elysia().use(plugin).as("scoped");
    new Elysia().use(auth).get("/", ({ session }) => {
      expectTypeOf(session).toEqualTypeOf<Session<Data>>();
    });
  });

  it("replaces the data when it is assigned, and ends the session with {}", async () => {
    const { app } = mount();
    app.get("/replace", (context) => {
      context.session = { name: "only this" } as never;
      return { ...context.session };
    });
    app.get("/end", (context) => {
      context.session = {} as never;
    });
    const cookie = cookieOf(await ask(app, "/count"));
    expect(await (await ask(app, "/replace", cookie)).json()).toEqual({ name: "only this" });
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({ name: "only this" });
    expect((await ask(app, "/end", cookie)).headers.getSetCookie()[0]).toContain("Max-Age=0");
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({});
  });

  it("makes the answer vary on Cookie only if somebody asks for the session", async () => {
    const { app } = mount();
    app.get("/none", () => "nothing");
    expect((await ask(app, "/read")).headers.get("vary")).toBe("Cookie");
    expect((await ask(app, "/none")).headers.get("vary")).toBeNull();
  });

  // Elysia reads the text of functions, and what vitest makes of ours is another text.
  it("is not the reason why Elysia would read a body", async () => {
    const program = `
      import { Elysia } from "elysia";
      import { createSessions } from "./src/index.ts";
      import { elysiaSessions } from "./src/adapters/elysia.ts";
      const app = new Elysia().use(elysiaSessions(createSessions()));
      app.post("/", async ({ request, session }) => (session.name = await request.text()));
      const headers = { "content-type": "application/json" };
      const answer = await app.handle(new Request("http://localhost/", { method: "POST", body: '{"a":1}', headers }));
      console.log(await answer.text());`;
    const flags = ["--no-warnings", "--input-type=module", "--eval"];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, program]);
    expect(stdout.trim()).toBe('{"a":1}');
  });
});

describe("elysiaSessions in several instances", () => {
  it("is one session, and saved once", async () => {
    const backend = new SlowBackend();
    const { app } = mount(backend);
    const first = await ask(app, "/count");
    expect(first.headers.getSetCookie()).toHaveLength(1);
    expect(backend.saves).toBe(1);
    expect(await (await ask(app, "/count", cookieOf(first))).text()).toBe("2");
  });

  it("reaches what Elysia's scopes say, guards and groups included", async () => {
    const { plugin } = mount();
    const has = (context: object) => String("session" in context);
    const local = new Elysia().use(plugin).get("/local", has);
    const scoped = new Elysia().use(plugin).as("scoped").get("/scoped", has);
    const app = new Elysia()
      .use(local)
      .get("/outside", has)
      .use(new Elysia().use(scoped).get("/parent", has))
      .group("/group", (group) => group.use(plugin).get("/", has))
      .guard({ beforeHandle() {} }, (guard) => guard.use(plugin).get("/guard", has))
      .get("/end", has);
    const answers = await Promise.all(
      ["/local", "/outside", "/scoped", "/parent", "/group", "/guard", "/end"].map(async (path) => [
        path,
        await (await ask(app, path)).text(),
      ]),
    );
    expect(Object.fromEntries(answers)).toEqual({
      "/local": "true",
      "/outside": "false",
      "/scoped": "true",
      "/parent": "true",
      "/group": "true",
      "/guard": "true",
      "/end": "false",
    });
  });

  it("is one session, too, if an instance hands its request to another", async () => {
    const backend = new SlowBackend();
    const { app, plugin } = mount(backend);
    const inner = new Elysia()
      .use(plugin)
      .get("/in/count", ({ session }) => {
        session.visits = (session.visits ?? 0) + 1;
        return String(session.visits);
      })
      .get("/in/throws", ({ session }) => {
        session.visits = 99;
        throw new Error("mine");
      });
    app.all("/in/*", ({ request, session }) => {
      session.name = "outside";
      return inner.handle(request);
    });
    const answer = await ask(app, "/in/count");
    expect(await answer.text()).toBe("1");
    expect([answer.headers.getSetCookie().length, backend.saves]).toEqual([1, 1]);
    const cookie = cookieOf(answer);
    expect((await ask(app, "/in/throws", cookie)).status).toBe(500);
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({ visits: 1, name: "outside" });
  });

  it("begins anew where a Request is handled again", async () => {
    const { app } = mount();
    const request = new Request("http://localhost/count");
    for (const _ of "12") {
      const answer = await app.handle(request);
      expect(await answer.text()).toBe("1");
      expect(answer.headers.getSetCookie()).toHaveLength(1);
    }
  });

  it("is refused for one name of two engines", async () => {
    const seen: unknown[] = [];
    const { app } = mount();
    const other = new Elysia()
      .onError(({ error }) => void seen.push(error))
      .use(app)
      .use(mount().plugin)
      .use(elysiaSessions(createSessions()))
      .get("/both", () => "no");
    expect((await ask(other, "/both")).status).toBe(500);
    expect(seen).toEqual([expect.objectContaining({ option: "as" })]);
  });

  it("is refused where Elysia could not save", async () => {
    const { plugin } = mount();
    const seen: unknown[] = [];
    const app = new Elysia({ aot: false }).onError(({ error }) => void seen.push(error)).use(plugin);
    app.get("/", () => "no");
    expect((await ask(app)).status).toBe(500);
    expect(seen[0]).toBeInstanceOf(ConfigError);
  });
});

describe("a save that fails", () => {
  it("is answered with the error's status, and tells nothing", async () => {
    const { app } = mount(broken());
    const answer = await ask(app, "/count");
    expect([answer.status, await answer.text()]).toEqual([503, "Service Unavailable"]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it.each(["application", "route"])("reaches onError of the %s", async (where) => {
    const cancelled = gate();
    const { plugin } = mount(broken());
    const answerError = ({ error, set }: { error: unknown; set: { status?: number | string } }) => {
      expect(error).toBeInstanceOf(BackendError);
      expect(set.status).toBe(503);
      return "sorry";
    };
    const app = new Elysia();
    if (where === "application") app.onError(answerError);
    const route = app.headers({ "x-policy": "1" }).use(plugin);
    route.get(
      "/",
      ({ session, set, cookie }) => {
        login(session, "user");
        set.status = 201;
        set.headers.location = "/made";
        cookie.own!.value = "1";
        return new Response(new ReadableStream({ cancel: cancelled.open }));
      },
      where === "route" ? { error: answerError } : {},
    );
    const answer = await ask(app);
    expect([answer.status, await answer.text()]).toEqual([503, "sorry"]);
    expect(answer.headers.get("x-policy")).toBe("1");
    expect(answer.headers.get("vary")).toBe("Cookie");
    for (const name of ["location", "set-cookie"]) expect(answer.headers.get(name)).toBeNull();
    await cancelled.wait();
  });

  it("may come before the handler runs, when the session cannot be read", async () => {
    let ran = false;
    const load = () => Promise.reject(new Error("down"));
    const app = new Elysia().use(elysiaSessions(createSessions({ backend: { load, save: load } })));
    app.get("/", () => {
      ran = true;
    });
    expect((await ask(app, "/", `session_id=${"a".repeat(48)}`)).status).toBe(503);
    expect(ran).toBe(false);
  });
});

describe("a handler that throws", () => {
  const errors: Record<string, () => unknown> = {
    "an error": () => new NotFoundError(),
    "a status": () => status(418, "teapot"),
    "a text": () => "text",
  };
  it.each(Object.keys(errors))("%s saves nothing", async (kind) => {
    const backend = new SlowBackend();
    const { app } = mount(backend);
    app.get("/", ({ session }) => {
      session.visits = 1;
      throw errors[kind]!();
    });
    const answer = await ask(app);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(backend.saves).toBe(0);
  });

  it("saves nothing even if onError, wherever it is, makes a fine answer of it", async () => {
    const backend = new SlowBackend();
    const { plugin } = mount(backend);
    const app = new Elysia().onError(() => new Response("fine")).use(plugin);
    app.get("/", ({ session }) => {
      session.visits = 1;
      throw new Error("mine");
    });
    expect(await (await ask(app)).text()).toBe("fine");
    expect(backend.saves).toBe(0);
  });

  const mine = new Error("of the application");
  const contexts: Record<string, Record<string, unknown>> = {
    "an error": { error: mine },
    "a text as error": { error: "invalid" },
    "null as error": { error: null },
    "a code": { code: "oauth" },
  };
  it.each(Object.keys(contexts))("is known from a hook that gives the context %s", async (name) => {
    const { app, plugin } = mount();
    const own = contexts[name]!;
    const after = new Elysia().use(plugin).resolve(() => own);
    const before = new Elysia().derive(() => own).use(plugin);
    for (const each of [after, before] as unknown as (typeof after)[]) {
      each
        .get("/fine", ({ session }) => {
          session.visits = 1;
          return "fine";
        })
        .get("/throws", ({ session }) => {
          session.visits = 99;
          throw new Error("thrown");
        });
      const answer = await ask(each, "/fine");
      expect(await answer.text()).toBe("fine");
      const cookie = cookieOf(answer);
      expect((await ask(each, "/throws", cookie)).status).toBe(500);
      expect(await (await ask(app, "/count", cookie)).text()).toBe("2");
    }
  });

  const shared = new Response(null, { status: 500 });
  const answers: Record<string, () => unknown> = {
    nothing: () => undefined,
    text: () => "sorry",
    "a response": () => new Response("sorry", { status: 500 }),
    "a shared response": () => shared,
  };
  it.each(Object.keys(answers))(
    "has the cookie of an explicit commit sent if onError answers %s",
    async (kind) => {
      const { app, plugin } = mount();
      const failing = new Elysia().onError(answers[kind] as never).use(plugin);
      failing.get("/", async ({ session }) => {
        session.visits = 1;
        await save(session);
        session.visits = 2;
        throw new Error("mine");
      });
      const answer = await ask(failing);
      expect(answer.headers.getSetCookie()).toHaveLength(1);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(await (await ask(app, "/count", cookieOf(answer))).text()).toBe("2");
      expect(shared.headers.getSetCookie()).toEqual([]);
    },
  );
});

describe("the hooks of others", () => {
  it("may answer before the handler, and the session is saved", async () => {
    const { plugin } = mount();
    const app = new Elysia()
      .use(plugin)
      .get("/early", () => "no", {
        beforeHandle({ session }) {
          session.name = "early";
          return "early";
        },
      })
      .resolve(({ session, status }) => {
        session.name = "refused";
        return status(401, "refused");
      })
      .get("/refused", () => "no");
    for (const name of ["early", "refused"]) {
      const answer = await ask(app, `/${name}`);
      expect(await answer.text()).toBe(name);
      expect(answer.headers.getSetCookie()).toHaveLength(1);
    }
  });

  it("may change the session and the answer after the handler", async () => {
    const { app, plugin } = mount();
    const wrapping = new Elysia()
      .mapResponse(({ responseValue }) => new Response(`<${responseValue}>`))
      .use(plugin)
      .onAfterHandle(({ session }) => {
        session.name = "after";
      })
      .get("/", () => "mapped");
    const answer = await ask(wrapping);
    expect(await answer.text()).toBe("<mapped>");
    expect(await (await ask(app, "/read", cookieOf(answer))).json()).toEqual({ name: "after" });
    const failing = broken();
    const down = new Elysia()
      .mapResponse(() => new Response("mapped"))
      .use(mount(failing).plugin)
      .get("/", ({ session }) => {
        session.name = "lost";
      });
    expect((await ask(down)).status).toBe(503);
  });

  it("may refuse the answer, which saves nothing", async () => {
    const backend = new SlowBackend();
    const { app } = mount(backend);
    app.get(
      "/",
      ({ session }) => {
        session.visits = 1;
        return "text" as never;
      },
      { response: t.Object({ a: t.Number() }) },
    );
    expect((await ask(app)).status).toBe(422);
    expect(backend.saves).toBe(0);
  });
});

describe("the headers", () => {
  it("stand beside cookies of Elysia's jar and of a Response", async () => {
    const { app } = mount();
    app.get("/", ({ session, cookie }) => {
      session.visits = 1;
      cookie.jar!.value = "1";
      return new Response("text", {
        headers: { "set-cookie": "own=1", vary: "Accept", "cache-control": "public" },
      });
    });
    const { headers } = await ask(app);
    expect(
      headers
        .getSetCookie()
        .map((line) => line.split("=", 1)[0])
        .sort(),
    ).toEqual(["jar", "own", "session_id"]);
    expect([headers.get("vary"), headers.get("cache-control")]).toEqual(["Accept, Cookie", "no-store"]);
  });

  it("go into no response that others have too, and leave an upgrade what it is", async () => {
    const shared = new Response(null, { status: 204 });
    const upgrade = Object.defineProperty(new Response(null), "status", { value: 101 });
    const { app } = mount();
    app.get("/shared", ({ session }) => {
      session.visits = 1;
      return shared;
    });
    app.get("/ws", ({ session }) => {
      session.visits = 1;
      return upgrade;
    });
    for (const _ of "12") expect((await ask(app, "/shared")).headers.getSetCookie()).toHaveLength(1);
    expect(shared.headers.getSetCookie()).toEqual([]);
    expect(await ask(app, "/ws")).toBe(upgrade);
    expect(upgrade.headers.getSetCookie()).toHaveLength(1);
  });
});
