import { App, type AppRequest, HttpError, HttpMiddleware, mount, reply } from "micropie";
import { describe, expect, test } from "vitest";
import { client, gate, quiet, textOf } from "./_client.ts";

interface Data {
  steps: string[];
}

class Step extends HttpMiddleware {
  readonly name: string;
  readonly log: string[];

  constructor(name: string, log: string[]) {
    super();
    this.name = name;
    this.log = log;
  }
  override async beforeRequest(request: AppRequest): Promise<void> {
    this.log.push(`before ${this.name} ${request.method} ${request.path} ${request.form("a", "-")}`);
  }
  override afterRequest(_request: AppRequest, response: Response): void {
    this.log.push(`after ${this.name} ${response.status}`);
    response.headers.append("x-step", this.name);
  }
}

class Site extends App<Data> {
  index() {
    return "index";
  }
  async boom() {
    throw new Error("boom");
  }
  async *stream() {
    yield "a";
    yield "b";
  }
  frozen() {
    return Response.redirect("http://localhost/there");
  }
  steps() {
    return this.request.session.steps ?? [];
  }
}

describe("middlewares", () => {
  test("run in the order of the list, before and after, when the body is read", async () => {
    const log: string[] = [];
    const app = new Site();
    app.middlewares.push(
      new Step("1", log),
      { beforeRequest: () => void log.push("plain") },
      new Step("2", log),
    );
    const call = await client(app);
    const response = await call("/", { method: "POST", body: new URLSearchParams({ a: "x" }) });
    expect(await response.text()).toBe("index");
    expect(response.headers.get("x-step")).toBe("1, 2");
    expect(log).toEqual(["before 1 POST / x", "plain", "before 2 POST / x", "after 1 200", "after 2 200"]);
  });

  test("an early response skips the handler; the session is saved, with the changes of afterRequest", async () => {
    class Guard extends HttpMiddleware {
      override beforeRequest(request: AppRequest<Data>): unknown {
        if (request.query("in")) return undefined;
        request.session.steps = ["refused"];
        return reply(401, "Sign in first");
      }
      override async afterRequest(request: AppRequest<Data>) {
        if (!request.query("in")) request.session.steps = [...(request.session.steps ?? []), "after"];
      }
    }
    const log: string[] = [];
    const app = new Site();
    app.middlewares.push(new Guard(), { beforeRequest: () => void log.push("never") });
    const call = await client(app);
    const refused = await call("/nowhere");
    expect([refused.status, await refused.text(), log]).toEqual([401, "Sign in first", []]);
    expect(await (await call("/steps?in=1")).json()).toEqual(["refused", "after"]);
  });

  test("afterRequest can replace the response", async () => {
    const app = new Site();
    app.middlewares.push({
      afterRequest: async (_request, response) => new Response(`[${await response.text()}]`, { status: 202 }),
    });
    const call = await client(app);
    const response = await call("/");
    expect([response.status, await response.text()]).toEqual([202, "[index]"]);
    expect(await textOf(call("/stream"))).toBe("[ab]");
  });

  test("afterRequest is not called for error responses; errors of middlewares are handled like those of handlers", async () => {
    const stderr = quiet();
    const log: string[] = [];
    const app = new Site();
    app.middlewares.push(new Step("1", log));
    const call = await client(app);
    expect((await call("/nowhere")).status).toBe(404);
    expect((await call("/boom")).status).toBe(500);
    expect(log.filter((line) => line.startsWith("after"))).toEqual([]);
    app.middlewares.push({
      beforeRequest() {
        throw new HttpError(429, "Slowly");
      },
    });
    expect(await textOf(call("/"))).toBe("429 Too Many Requests: Slowly");
    app.middlewares[1] = {
      async afterRequest(request) {
        (request as AppRequest<Data>).session.steps = ["lost"];
        throw new Error("after");
      },
    };
    expect((await call("/")).status).toBe(500);
    app.middlewares.pop();
    expect(await (await call("/steps")).json()).toEqual([]);
    expect(stderr.said).toMatch(/boom[\s\S]+after/);
  });

  test.each([
    ["beforeRequest", 401],
    ["afterRequest", 403],
  ])(
    "an answer of MicroPie's %s is refused, with the way to write it; a handler's object is JSON",
    async (step, status) => {
      const stderr = quiet();
      class Api extends App {
        index() {
          return { status_code: 401, body: "data" };
        }
      }
      const app = new Api();
      expect(await (await app.fetch(new Request("http://localhost/"))).json()).toEqual({
        status_code: 401,
        body: "data",
      });
      app.middlewares.push({ [step]: () => ({ status_code: status, body: "no" }) });
      const response = await app.fetch(new Request("http://localhost/"));
      expect([response.status, await response.text()]).toEqual([500, "500 Internal Server Error"]);
      expect(stderr.said).toContain(`Write: return reply(${status}, body)`);
    },
  );

  test("a stream ends if a middleware throws", async () => {
    quiet();
    let ended = false;
    class Streams extends App {
      *index() {
        try {
          yield "x";
        } finally {
          ended = true;
        }
      }
    }
    const app = new Streams();
    app.middlewares.push({
      afterRequest() {
        throw new Error("after");
      },
    });
    expect([(await (await client(app))("/")).status, ended]).toEqual([500, true]);
  });

  test.each([304, 200])(
    "a stream ends if a middleware replaces it with a %s without a body",
    async (status) => {
      const dropped = gate();
      class Streams extends App {
        index() {
          return new ReadableStream({ cancel: () => dropped.open() });
        }
      }
      class Cached extends HttpMiddleware {
        override afterRequest() {
          return status === 304 ? new Response(null, { status }) : "cached";
        }
      }
      const app = new Streams();
      app.middlewares.push(new Cached());
      expect((await (await client(app))("/")).status).toBe(status);
      await dropped.passed;
    },
  );

  test("run for every kind of response, also with fetch", async () => {
    const app = new Site();
    app.middlewares.push(new Step("1", []));
    const call = await client(app);
    for (const path of ["/", "/stream", "/steps", "/frozen"]) {
      expect((await call(path)).headers.get("x-step")).toBe("1");
      expect((await app.fetch(new Request(`http://localhost${path}`))).headers.get("x-step")).toBe("1");
    }
  });
});

describe("a guard of a middleware", () => {
  class Guarded extends App {
    index(...parts: string[]) {
      return `page ${parts.join("|")}`;
    }
    admin() {
      return "secret";
    }
  }
  /** Paths that lead to `admin`, as they come over the wire. */
  const WAYS = [
    "/admin",
    "/%61dmin",
    "/%61%64%6d%69%6E",
    "/admin/",
    "/admin?x",
    "/x/../admin",
    "/x/%2e%2e/admin",
    "/x/%2e%2e/%61dmin",
    "/x/.%2E/%61dmin/",
    "/./admin",
    "/x\\..\\admin",
    "http://other.example/%61dmin",
  ];
  const refusing = (guard: (request: AppRequest) => boolean): App => {
    const app = new Guarded();
    app.middlewares.push({
      beforeRequest: (request) => (guard(request) ? reply(403, "no") : undefined),
    });
    return app;
  };
  const guards: [string, (request: AppRequest) => boolean][] = [
    ["request.path", ({ path }) => path === "/admin"],
    ["request.route", ({ route }) => route === "admin"],
  ];

  test.each(guards)("on %s cannot be passed by encoding the path, on a server", async (_, guard) => {
    const { raw } = await client(refusing(guard));
    for (const way of WAYS) {
      const answer = await raw(`GET ${way} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      expect([way, answer.slice(9, 12)]).toEqual([way, "403"]);
    }
    for (const way of [
      "*admin",
      "/admin%2F",
      "/%2Fadmin",
      "/%2561dmin",
      "/admin%00",
      "/admin/%zz",
      "//admin",
    ])
      expect(await raw(`GET ${way} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).not.toMatch(
        /secret/,
      );
  });

  test.each(guards)("on %s cannot be passed by encoding the path, with fetch", async (_, guard) => {
    const app = refusing(guard);
    for (const way of WAYS.filter((each) => each.startsWith("/")))
      expect([way, (await app.fetch(new Request(`http://localhost${way}`))).status]).toEqual([way, 403]);
  });

  test("sees one path for one route and its arguments", async () => {
    const app = new Guarded();
    const seen: unknown[] = [];
    app.middlewares.push({ beforeRequest: ({ path, route }) => void seen.push([path, route]) });
    const paths = ["/", "/%41%2fb/c%25/", "/A%2Fb/c%25", "/%C3%A9", "/admin/x", "/_x", "/%61/%zz"];
    const texts: string[] = [];
    for (const path of paths) texts.push(await textOf(app.fetch(new Request(`http://localhost${path}`))));
    expect(seen).toEqual([
      ["/", "index"],
      ["/A%2Fb/c%25", "index"],
      ["/A%2Fb/c%25", "index"],
      ["/é", "index"],
      ["/admin/x", undefined],
      ["/_x", undefined],
      ["/a/%zz", undefined],
    ]);
    expect(texts.slice(0, 4)).toEqual(["page ", "page A/b|c%", "page A/b|c%", "page é"]);
  });

  test("in a mounted App sees that App's route", async () => {
    const seen: unknown[] = [];
    const note = { beforeRequest: ({ path, route }: AppRequest) => void seen.push([path, route]) };
    const [outer, inner] = [new Guarded(), new Guarded()];
    inner.middlewares.push(note);
    outer.middlewares.push(note, mount("/caf%C3%A9", inner), note);
    expect(await textOf(outer.fetch(new Request("http://localhost/c%61fé/%61dmin/")))).toBe("secret");
    expect(seen).toEqual([
      ["/café/admin", "index"],
      ["/café/admin", "admin"],
    ]);
  });
});

describe("mount", () => {
  class Shop extends App<Data> {
    index(name = "shop") {
      return name;
    }
    add(item: string) {
      const { session } = this.request;
      session.steps = [...(session.steps ?? []), `${item} ${this.request.form("count", "1")}`];
      return "added";
    }
  }

  test("passes paths below the prefix to another App, with the same body and session", async () => {
    const log: string[] = [];
    const shop = new Shop();
    shop.middlewares.push(new Step("inner", log));
    const app = new Site();
    app.middlewares.push(new Step("outer", log), mount("/shop/", shop));
    const call = await client(app);
    expect(await textOf(call("/shop"))).toBe("shop");
    expect(await textOf(call("/shop/"))).toBe("shop");
    expect(await textOf(call("/shop/sale"))).toBe("sale");
    expect((await call("/shopping")).status).toBe(404);
    expect((await call("/shop/add")).status).toBe(400);
    const added = await call("/shop/add/tea", { method: "POST", body: new URLSearchParams({ count: "3" }) });
    expect(added.headers.getSetCookie()).toHaveLength(1);
    expect(added.headers.get("x-step")).toBe("inner, outer");
    expect(await (await call("/steps")).json()).toEqual(["tea 3"]);
    expect(await shop.sessions.prune()).toBe(0);
    expect(log.slice(0, 4)).toEqual([
      "before outer GET /shop -",
      "before inner GET /shop -",
      "after inner 200",
      "after outer 200",
    ]);
  });

  test("throws for anything but an App or an object with fetch", () => {
    expect(() => mount("/x", {} as App)).toThrow(TypeError);
  });

  const other = {
    async fetch(request: Request) {
      const { method, url, headers } = request;
      const type = headers.get("content-type") ?? "";
      const body = type.startsWith("multipart")
        ? [...(await request.formData())].map(([name, value]) => [
            name,
            value instanceof File ? value.name : value,
          ])
        : await request.text();
      return Response.json([method, new URL(url).pathname + new URL(url).search, body]);
    },
  };
  const files = new FormData();
  files.append("a", "1");
  files.append("f", new Blob(["text"]), "a.txt");
  files.append("b", "2");

  test.each<[string, RequestInit, unknown]>([
    ["GET", {}, ["GET", "/%2Fx/caf%C3%A9/?q=1", ""]],
    [
      "JSON",
      { method: "POST", body: '{ "a": 1 }', headers: { "content-type": "application/json" } },
      ["POST", "/%2Fx/caf%C3%A9/?q=1", '{ "a": 1 }'],
    ],
    [
      "a form",
      { method: "PUT", body: new URLSearchParams("b=%20&a=2&b=3") },
      ["PUT", "/%2Fx/caf%C3%A9/?q=1", "b=+&a=2&b=3"],
    ],
    [
      "a form with files",
      { method: "POST", body: files },
      [
        "POST",
        "/%2Fx/caf%C3%A9/?q=1",
        [
          ["a", "1"],
          ["f", "a.txt"],
          ["b", "2"],
        ],
      ],
    ],
    ["a stream", { method: "POST", body: "text" }, ["POST", "/%2Fx/caf%C3%A9/?q=1", "text"]],
    ["DELETE without a body", { method: "DELETE" }, ["DELETE", "/%2Fx/caf%C3%A9/?q=1", ""]],
  ])("passes %s to another framework's application, with the whole body", async (_, init, seen) => {
    const app = new Site();
    const outer = new Site();
    app.middlewares.push(mount("/in/caf%C3%A9", other));
    outer.middlewares.push(
      { afterRequest: (_, { headers }) => headers.set("x-outer", "1") },
      mount("/in", app),
    );
    const path = "/x/../in/caf%c3%A9/%2Fx/café/?q=1";
    for (const response of [
      await (await client(outer))(path, init),
      await outer.fetch(new Request(`http://localhost${path}`, init)),
    ]) {
      expect(response.headers.get("x-outer")).toBe("1");
      expect(await response.json()).toEqual(seen);
    }
    expect((await outer.fetch(new Request("http://localhost/in/other"))).status).toBe(404);
  });

  test("limits the body of another framework's application", async () => {
    const app = new Site({ limits: { bodySize: 2, uploadSize: 2 } });
    app.middlewares.push(mount("/", other));
    for (const type of ["application/json", "multipart/form-data; boundary=x", "text/plain"]) {
      quiet();
      const init = { method: "POST", body: "12345", headers: { "content-type": type } };
      expect((await (await client(app))("/", init)).status).toBe(413);
    }
  });
});
