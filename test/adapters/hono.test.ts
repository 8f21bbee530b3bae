import { Hono, type MiddlewareHandler } from "hono";
import { contextStorage, getContext } from "hono/context-storage";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { BackendError, ConfigError, createSessions, login, type Session, save } from "micropie";
import { honoSessions, type SessionVariables } from "micropie/adapters/hono";
import { gate } from "micropie/testing";
import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { ask, cookieOf, count, type Data, type Env, mount, read } from "./_hono-mount.ts";
import { SlowBackend } from "./_server.ts";

describe("Hono's variables", () => {
  it("have the session's type, by inference and by SessionVariables", () => {
    const sessions = createSessions<Data>();
    const admin = honoSessions(createSessions<{ role: string }>(), { as: "admin" });
    new Hono()
      .use(honoSessions(sessions))
      .use(admin)
      .get("/", (c) => {
        expectTypeOf(c.get("session")).toEqualTypeOf<Session<Data>>();
        expectTypeOf(c.var.session.visits).toEqualTypeOf<number | undefined>();
        expectTypeOf(c.var.admin).toEqualTypeOf<Session<{ role: string }>>();
        return c.body(null);
      });
    new Hono().get("/", honoSessions(sessions), (c) => {
      expectTypeOf(c.var.session).toEqualTypeOf<Session<Data>>();
      return c.body(null);
    });
    new Hono<{ Variables: SessionVariables<Data> & SessionVariables<{ role: string }, "admin"> }>()
      .use(honoSessions(sessions), admin)
      .get("/", (c) => {
        expectTypeOf(c.get("admin").role).toEqualTypeOf<string | undefined>();
        return c.body(null);
      });
  });

  it("give the same session by every way of asking, and leave other variables alone", async () => {
    const app = new Hono<{ Variables: SessionVariables<Data> & { other: string } }>();
    app.use(contextStorage()).use(mount().middleware);
    app.get("/", (c) => {
      c.set("other", "mine");
      c.var.session.visits = 1;
      expect(c.get("session")).toBe(c.var.session);
      expect(getContext<Env>().var.session).toBe(c.var.session);
      return c.json([c.get("other"), c.var.other, Object.keys(c.var), c.get("nothing" as "other") ?? null]);
    });
    expect(await (await ask(app)).json()).toEqual(["mine", "mine", ["other", "session"], null]);
  });

  it("replace the data when they are set, and end the session with {}", async () => {
    const { app } = mount();
    app.get("/count", count).get("/read", read);
    app.get("/replace", (c) => {
      c.set("session", { name: "only this" } as never);
      return c.json({ ...c.var.session });
    });
    app.get("/end", (c) => {
      c.set("session", {} as never);
      return c.body(null);
    });
    const cookie = cookieOf(await ask(app, "/count"));
    expect(await (await ask(app, "/replace", cookie)).json()).toEqual({ name: "only this" });
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({ name: "only this" });
    expect((await ask(app, "/end", cookie)).headers.getSetCookie()[0]).toContain("Max-Age=0");
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({});
  });

  it("make the answer vary on Cookie only if somebody asks for the session", async () => {
    const { app } = mount();
    app.get("/get", (c) => c.text(String(c.get("session").name)));
    app.get("/var", (c) => c.text(String(c.var.session.name)));
    app.get("/none", (c) => c.text(`${c.get("other" as "session")}${Object.keys(c.var).length}`));
    for (const path of ["/get", "/var"]) expect((await ask(app, path)).headers.get("vary")).toBe("Cookie");
    expect((await ask(app, "/none")).headers.get("vary")).toBeNull();
  });
});

describe("honoSessions mounted more than once", () => {
  it("changes nothing, and a sub-application has the same session", async () => {
    const backend = new SlowBackend();
    const { app, sessions } = mount(backend);
    const admin = new Hono<Env>().use(honoSessions(sessions)).get("/count", count);
    app.use("/admin/*", honoSessions(sessions)).route("/admin", admin).get("/count", count);
    const first = await ask(app, "/admin/count");
    expect(first.headers.getSetCookie()).toHaveLength(1);
    expect(await (await ask(app, "/count", cookieOf(first))).text()).toBe("2");
    expect(backend.saves).toBe(2);
  });

  it("is refused for one name, one cookie or one header of two engines", async () => {
    const seen: unknown[] = [];
    const header = "X-Session-Token";
    const others: MiddlewareHandler[] = [
      honoSessions(createSessions({ cookie: { name: "other" } })),
      honoSessions(createSessions(), { as: "admin" }),
      honoSessions(createSessions({ tokenHeader: header, cookie: { name: "other" } }), { as: "admin" }),
    ];
    for (const other of others) {
      const first = honoSessions(createSessions<Data>({ tokenHeader: header }));
      const app = new Hono<Env>().use(first).use(other).get("/", count);
      app.onError((error, c) => {
        seen.push(error);
        return c.text("no", 500);
      });
      const answer = await ask(app);
      expect(answer.status).toBe(500);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
    expect(seen).toEqual([
      expect.objectContaining({ option: "as" }),
      expect.objectContaining({ option: "cookie.name" }),
      expect.objectContaining({ option: "tokenHeader" }),
    ]);
    expect(seen[0]).toBeInstanceOf(ConfigError);
  });
});

describe("a save that fails", () => {
  const broken = () => {
    const backend = new SlowBackend();
    backend.broken = new Error("connect ECONNREFUSED 10.0.0.1");
    return backend;
  };

  it("is answered by Hono's own error handler with the error's status", async () => {
    const { app } = mount(broken());
    app.get("/", count);
    const answer = await ask(app);
    expect([answer.status, await answer.text()]).toEqual([503, "Service Unavailable"]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it.each(["text", "response"])("reaches app.onError, whose %s answers", async (kind) => {
    const cancelled = gate();
    const { middleware } = mount(broken());
    const app = new Hono<Env>().use(cors({ origin: "https://a.example" })).use(middleware);
    app.get("/", (c) => {
      login(c.get("session"), "user");
      c.status(201);
      c.header("Location", "/made");
      c.header("ETag", '"1"');
      c.header("Set-Cookie", "own=1");
      return c.body(new ReadableStream({ cancel: cancelled.open }), { headers: { "Content-Length": "9" } });
    });
    app.onError((error, c) => {
      expect(error).toBeInstanceOf(BackendError);
      return kind === "text"
        ? c.text("sorry")
        : new Response("sorry", { status: 503, headers: { Vary: "Accept" } });
    });
    const answer = await ask(app, "/", undefined, { headers: { origin: "https://a.example" } });
    expect([answer.status, await answer.text()]).toEqual([503, "sorry"]);
    expect(answer.headers.get("access-control-allow-origin")).toBe("https://a.example");
    expect(answer.headers.get("vary")).toMatch(/Cookie/);
    for (const name of ["location", "etag", "set-cookie", "content-length"])
      expect(answer.headers.get(name)).toBeNull();
    await cancelled.wait();
  });

  it("may come before the handler runs, when the session cannot be read", async () => {
    let ran = false;
    const load = () => Promise.reject(new Error("down"));
    const app = new Hono().use(honoSessions(createSessions({ backend: { load, save: load } })));
    app.get("/", (c) => {
      ran = true;
      return c.text("no");
    });
    app.onError((error, c) => c.text(error.name, (error as BackendError).status as 503));
    const answer = await ask(app, "/", `session_id=${"a".repeat(48)}`);
    expect([answer.status, await answer.text(), ran]).toEqual([503, "BackendError", false]);
  });
});

describe("a handler that throws", () => {
  it("saves nothing, and an HTTPException answers as it says", async () => {
    const backend = new SlowBackend();
    const { app } = mount(backend);
    app.get("/", (c) => {
      c.get("session").visits = 1;
      throw new HTTPException(418, { message: "teapot" });
    });
    const answer = await ask(app);
    expect([answer.status, await answer.text()]).toEqual([418, "teapot"]);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(backend.saves).toBe(0);
  });

  it.each(["default", "text", "shared"])(
    "has the cookie of an explicit commit sent with the %s answer",
    async (kind) => {
      vi.spyOn(console, "error").mockImplementation(() => {});
      const shared = new Response(null, { status: 500 });
      const { app } = mount();
      app.get("/count", count);
      app.get("/", async (c) => {
        c.get("session").visits = 1;
        await save(c.get("session"));
        c.get("session").visits = 2;
        throw new Error("mine");
      });
      if (kind !== "default") app.onError((_, c) => (kind === "text" ? c.text("sorry", 500) : shared));
      const answer = await ask(app);
      expect(answer.status).toBe(500);
      expect(answer.headers.getSetCookie()).toHaveLength(1);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(await (await ask(app, "/count", cookieOf(answer))).text()).toBe("2");
      expect(shared.headers.getSetCookie()).toEqual([]);
    },
  );

  it("may throw what is no Error, or have an error handler that throws", async () => {
    const backend = new SlowBackend();
    const { app } = mount(backend);
    app.get("/", (c) => {
      c.get("session").visits = 1;
      throw "text";
    });
    app.get("/error", (c) => {
      c.get("session").visits = 1;
      throw new Error("mine");
    });
    app.onError(() => {
      throw new RangeError("the handler's own");
    });
    await expect(ask(app)).rejects.toBe("text");
    await expect(ask(app, "/error")).rejects.toThrow("the handler's own");
    expect(backend.saves).toBe(0);
  });

  it("or answers nothing at all saves nothing", async () => {
    const backend = new SlowBackend();
    const { app } = mount(backend);
    app.get("/", (c) => {
      c.get("session").visits = 1;
      return undefined as unknown as Response;
    });
    app.onError((error, c) => c.text(error.message, 500));
    expect(await (await ask(app)).text()).toContain("not finalized");
    expect(backend.saves).toBe(0);
  });
});
