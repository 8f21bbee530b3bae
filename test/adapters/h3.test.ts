import {
  defineHandler,
  defineWebSocketHandler,
  H3,
  type H3Event,
  HTTPError,
  HTTPResponse,
  handleCors,
  onResponse,
  redirect,
} from "h3";
import { BackendError, createSessions, login, type Session, save } from "micropie";
import { h3Sessions, sessionOf } from "micropie/adapters/h3";
import { gate } from "micropie/testing";
import { describe, expect, expectTypeOf, it } from "vitest";
import { ask, broken, cookieOf, type Data, mount } from "./_h3-mount.ts";
import { SlowBackend } from "./_server.ts";

describe("h3's context", () => {
  it("has the session, and sessionOf has its type", async () => {
    const { app, session, sessions } = mount();
    app.get("/", (event) => {
      expectTypeOf(sessionOf(event, sessions)).toEqualTypeOf<Session<Data>>();
      expect(event.context.session).toBe(session(event));
      return Object.keys(event.context).includes("session");
    });
    expect(await (await ask(app)).json()).toBe(true);
    const bare = new H3({ silent: true }).get("/", (event) => sessionOf(event, sessions));
    expect((await ask(bare)).status).toBe(500);
  });

  it("replaces the data when it is assigned, and ends the session with {}", async () => {
    const { app } = mount();
    app.get("/replace", (event) => {
      event.context.session = { name: "only this" };
      return { ...(event.context.session as object) };
    });
    app.get("/end", (event) => {
      event.context.session = {};
      return null;
    });
    const cookie = cookieOf(await ask(app, "/count"));
    expect(await (await ask(app, "/replace", cookie)).json()).toEqual({ name: "only this" });
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({ name: "only this" });
    expect((await ask(app, "/end", cookie)).headers.getSetCookie()[0]).toContain("Max-Age=0");
    expect(await (await ask(app, "/read", cookie)).json()).toEqual({});
  });

  it("is answered at once if back-end and handler answer at once", async () => {
    const { app } = mount();
    const first = app.request("/count");
    expect(first).toBeInstanceOf(Response);
    const again = app.request("/count", { headers: { cookie: cookieOf(first as Response)! } });
    expect(await (again as Response).text()).toBe("2");
  });
});

describe("h3Sessions mounted in several places", () => {
  it("changes nothing where it is mounted already", async () => {
    const backend = new SlowBackend();
    const { app, sessions, session } = mount(backend);
    const admin = new H3().use(h3Sessions(sessions)).get("/count", (event) => {
      session(event).visits = (session(event).visits ?? 0) + 1;
      return String(session(event).visits);
    });
    app.use("/admin/**", h3Sessions(sessions)).mount("/admin", admin);
    const first = await ask(app, "/admin/count");
    expect(first.headers.getSetCookie()).toHaveLength(1);
    expect(await (await ask(app, "/count", cookieOf(first))).text()).toBe("2");
    expect(backend.saves).toBe(2);
  });

  it("works for one route, and for one handler", async () => {
    const sessions = createSessions<Data>({ cookie: { secure: false } });
    const middleware = [h3Sessions(sessions)];
    const handler = (event: H3Event) => {
      sessionOf(event, sessions).visits = 1;
      return "counted";
    };
    const app = new H3().get("/handler", defineHandler({ middleware, handler }));
    app.get("/route", handler, { middleware });
    for (const path of ["/handler", "/route"])
      expect((await ask(app, path)).headers.getSetCookie()).toHaveLength(1);
  });

  it("saves what was changed before no route was found", async () => {
    const { app, session } = mount();
    app.use((event) => {
      session(event).name = "lost";
    });
    const answer = await ask(app, "/nowhere");
    expect(answer.status).toBe(404);
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    expect(await (await ask(app, "/read", cookieOf(answer))).json()).toEqual({ name: "lost" });
  });
});

describe("a save that fails", () => {
  it("is answered by h3 with the error's status, and tells nothing", async () => {
    const { app } = mount(broken());
    const answer = await ask(app, "/count");
    expect(await answer.json()).toEqual({ status: 503, unhandled: true, message: "HTTPError" });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([503, "no-store"]);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it.each(["text", "response", "nothing"])("reaches onError, which answers %s", async (kind) => {
    const cancelled = gate();
    const seen: HTTPError[] = [];
    const { app, session } = mount(broken(), {
      onError(error) {
        seen.push(error);
        return { text: "sorry", response: new Response("sorry", { status: 503 }) }[kind];
      },
    });
    app.get("/", (event) => {
      handleCors(event, { origin: ["https://a.example"] });
      login(session(event), "user");
      event.res.status = 201;
      event.res.headers.set("location", "/made");
      event.res.headers.set("set-cookie", "own=1");
      return new ReadableStream({ cancel: cancelled.open });
    });
    const answer = await ask(app, "/", undefined, { headers: { origin: "https://a.example" } });
    expect(answer.status).toBe(503);
    if (kind !== "nothing") expect(await answer.text()).toBe("sorry");
    expect(answer.headers.get("vary")).toMatch(/Cookie/);
    for (const name of ["location", "set-cookie"]) expect(answer.headers.get(name)).toBeNull();
    expect(seen).toEqual([expect.objectContaining({ status: 503 })]);
    expect(seen[0]!.cause).toBeInstanceOf(BackendError);
    await cancelled.wait();
  });

  it("may come before the handler runs, when the session cannot be read", async () => {
    let ran = false;
    const load = () => Promise.reject(new Error("down"));
    const app = new H3({ silent: true }).use(h3Sessions(createSessions({ backend: { load, save: load } })));
    app.get("/", () => {
      ran = true;
    });
    expect((await ask(app, "/", `session_id=${"a".repeat(48)}`)).status).toBe(503);
    expect(ran).toBe(false);
  });
});

it("sends a cookie once if other sessions cannot be read", async () => {
  const { app, session } = mount();
  const load = () => Promise.reject(new Error("down"));
  const others = createSessions({ backend: { load, save: load }, cookie: { name: "admin" } });
  app.use(async (event, next) => {
    session(event).visits = 1;
    await save(session(event));
    return next();
  });
  app.use(h3Sessions(others, { as: "admin" })).get("/", () => "never");
  const answer = await ask(app, "/", `admin=${"a".repeat(48)}`);
  expect(answer.status).toBe(503);
  expect(answer.headers.getSetCookie()).toHaveLength(1);
});

describe("a handler that fails", () => {
  it.each(["throws", "answers an Error", "breaks off"])("and %s saves nothing", async (how) => {
    const backend = new SlowBackend();
    const { app, session } = mount(backend);
    app.get("/", (event) => {
      session(event).visits = 1;
      if (how === "throws") throw new HTTPError({ status: 418 });
      return how === "breaks off" ? Response.error() : new HTTPError({ status: 418 });
    });
    const answer = await ask(app);
    expect(how === "breaks off" ? answer.type : answer.status).toBe(how === "breaks off" ? "error" : 418);
    expect(backend.saves).toBe(0);
  });

  const shared = new Response(null, { status: 500 });
  const answers: Record<string, () => unknown> = {
    nothing: () => undefined,
    text: () => "sorry",
    "a response": () => new Response("sorry", { status: 500 }),
    "a shared response": () => shared,
    "another error": () => {
      throw new HTTPError({ status: 502 });
    },
  };
  it.each(Object.keys(answers))(
    "has the cookie of an explicit commit sent if onError answers %s",
    async (kind) => {
      const { app, session } = mount(undefined, { onError: answers[kind]! });
      app.get("/", async (event) => {
        session(event).visits = 1;
        await save(session(event));
        session(event).visits = 2;
        throw new Error("mine");
      });
      const answer = await ask(app);
      expect(answer.headers.getSetCookie()).toHaveLength(1);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(await (await ask(app, "/count", cookieOf(answer))).text()).toBe("2");
      expect(shared.headers.getSetCookie()).toEqual([]);
    },
  );

  it.each(Object.keys(answers))(
    "has its cookie sent if h3 makes no JSON, and onError answers %s",
    async (kind) => {
      const { app, session } = mount(undefined, { onError: answers[kind]! });
      app.get("/", (event) => {
        login(session(event), "ann");
        return { id: 10n };
      });
      const cookie = cookieOf(await ask(app, "/count"));
      const answer = await ask(app, "/", cookie);
      expect(answer.headers.getSetCookie()).toHaveLength(1);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(await (await ask(app, "/count", cookieOf(answer))).text()).toBe("2");
    },
  );

  it("is answered by the middleware that catches, too", async () => {
    const { session, sessions } = mount();
    const app = new H3().use(async (_, next) => {
      try {
        return await next();
      } catch {
        return "caught";
      }
    });
    app.use(h3Sessions(sessions)).get("/", async (event) => {
      session(event).visits = 1;
      await save(session(event));
      throw new Error("mine");
    });
    const answer = await ask(app);
    expect(await answer.text()).toBe("caught");
    expect(answer.headers.getSetCookie()).toHaveLength(1);
  });
});

describe("the headers", () => {
  const answers: Record<string, (event: H3Event) => unknown> = {
    text: (event) => {
      event.res.headers.set("vary", "Accept");
      return "text";
    },
    json: (event) => {
      event.res.headers.set("vary", "Accept");
      return { a: 1 };
    },
    HTTPResponse: () => new HTTPResponse("text", { headers: { vary: "Accept", "set-cookie": "own=1" } }),
    Response: () => new Response("text", { headers: { vary: "Accept", "set-cookie": "own=1" } }),
    "Response under CORS": (event) => {
      handleCors(event, { origin: ["https://a.example"] });
      return new Response("text");
    },
    "a failing Response": () => new Response("text", { status: 409, headers: { vary: "Accept" } }),
    redirect: () => redirect("/", 302),
    "Response.redirect": () => Response.redirect("http://localhost/", 302),
  };
  it.each(Object.keys(answers))("of %s are there, on a first and a second visit", async (kind) => {
    const { app, session } = mount();
    app.get("/bare", answers[kind]!);
    app.get("/", (event) => {
      session(event).visits = 1;
      return answers[kind]!(event);
    });
    const headers = { origin: "https://a.example" };
    const bare = await ask(app, "/bare", undefined, { headers });
    const first = await ask(app, "/", undefined, { headers });
    const second = await ask(app, "/", cookieOf(first), { headers });
    for (const answer of [first, second]) {
      expect([answer.status, await answer.text()]).toEqual([bare.status, await bare.clone().text()]);
      expect(answer.headers.get("vary")!.split(", ").sort()).toEqual(
        ["Cookie", ...(bare.headers.get("vary")?.split(", ") ?? [])].sort(),
      );
      expect(answer.headers.get("location")).toBe(bare.headers.get("location"));
      expect(answer.headers.getSetCookie().filter((line) => line === "own=1")).toEqual(
        bare.headers.getSetCookie(),
      );
    }
    expect([first.headers.get("cache-control"), second.headers.get("cache-control")]).toEqual([
      "no-store",
      "private",
    ]);
  });

  it("go into no response that others have too", async () => {
    const shared = new Response(null, { status: 204 });
    const { app, session } = mount();
    app.get("/", (event) => {
      session(event).visits = 1;
      return shared;
    });
    for (const _ of "12") expect((await ask(app)).headers.getSetCookie()).toHaveLength(1);
    expect(shared.headers.getSetCookie()).toEqual([]);
  });

  it("are seen by middleware around it", async () => {
    const { session, sessions } = mount();
    const app = new H3().use(
      onResponse(
        (response) => void response.headers.set("x-seen", `${response.headers.getSetCookie().length}`),
      ),
    );
    app.use(h3Sessions(sessions)).get("/", (event) => {
      session(event).visits = 1;
      return "text";
    });
    const { headers } = await ask(app);
    expect([headers.get("x-seen"), headers.getSetCookie().length]).toEqual(["1", 1]);
  });

  it("leave a WebSocket's response what it is", async () => {
    const { app, session } = mount();
    const hooks = { open: () => {} };
    app.use("/ws", (event) => {
      session(event).visits = 1;
    });
    app.get("/ws", defineWebSocketHandler(hooks));
    const answer = await ask(app, "/ws");
    expect((answer as { crossws?: unknown }).crossws).toBe(hooks);
    expect(answer.headers.getSetCookie()).toHaveLength(1);
  });
});
