import { H3, onResponse } from "h3";
import { Hono } from "hono";
import { cache } from "hono/cache";
import { stream } from "hono/streaming";
import { createSessions } from "micropie";
import { h3Sessions, sessionOf } from "micropie/adapters/h3";
import { honoSessions, type SessionVariables } from "micropie/adapters/hono";
import { afterEach, describe, expect, test, vi } from "vitest";

type Data = { visits: number };
type Env = { Variables: SessionVariables<Data> };

/** The Cache API, with what Hono's cache calls of it. */
function cacheApi(): Map<string, Response> {
  const kept = new Map<string, Response>();
  const one = {
    match: async (key: string) => kept.get(key)?.clone(),
    put: async (key: string, response: Response) => void kept.set(key, response),
  };
  vi.stubGlobal("caches", { open: async () => one });
  return kept;
}

afterEach(() => vi.unstubAllGlobals());

describe("Hono", () => {
  test("a cache behind the sessions keeps no answer that looked, or that streams", async () => {
    const kept = cacheApi();
    const app = new Hono<Env>().use(honoSessions(createSessions<Data>()));
    app.use(cache({ cacheName: "pages", cacheControl: "max-age=60", wait: true }));
    app.get("/look", (c) => c.text(`for ${c.var.session.visits}`));
    app.get("/raw", (c) => new Response(`for ${c.var.session.visits}`));
    app.get("/count", (c) => {
      c.var.session.visits = 1;
      return c.text("1");
    });
    app.get("/stream", (c) =>
      stream(c, async (out) => {
        await out.write("for ");
        await out.write(String(c.var.session.visits));
      }),
    );
    app.get("/article", (c) => c.text("for everybody"));
    for (const path of ["/look", "/raw", "/count", "/stream"]) {
      await (await app.request(path)).text();
      expect([path, [...kept.keys()]]).toEqual([path, []]);
    }
    for (const _ of "12") {
      const article = await app.request("/article");
      expect(await article.text()).toBe("for everybody");
      expect(article.headers.get("vary")).toBeNull();
    }
    expect(kept.size).toBe(1);
  });

  test("middleware outside the sessions sends no cookie beside public", async () => {
    const app = new Hono<Env>().use(async (c, next) => {
      await next();
      c.header("Cache-Control", "public, max-age=60");
      c.header("CDN-Cache-Control", "public");
    });
    app.use(honoSessions(createSessions<Data>()));
    app.get("/count", (c) => {
      c.var.session.visits = 1;
      return c.text("1");
    });
    app.get("/none", (c) => c.text("none"));
    const { headers } = await app.request("/count");
    expect(headers.getSetCookie()).toHaveLength(1);
    expect([headers.get("cache-control"), headers.get("cdn-cache-control")]).toEqual([
      "no-store",
      "no-store",
    ]);
    expect((await app.request("/none")).headers.get("cache-control")).toBe("public, max-age=60");
  });
});

test("a body of bytes, which can be a text or not, cannot look first when the head has left", async () => {
  const app = new Hono<Env>().use(honoSessions(createSessions<Data>()));
  app.get("/", (c) => {
    const body = (async function* () {
      yield new TextEncoder().encode("for ");
      await new Promise(setImmediate);
      yield new TextEncoder().encode(String(c.var.session.visits));
    })();
    return new Response(body as unknown as ReadableStream);
  });
  const answer = await app.request("/");
  expect(answer.headers.get("vary")).toBeNull();
  await expect(answer.text()).rejects.toMatchObject({ code: "headers_sent" });
});

describe("h3", () => {
  const counting = (app: H3): H3 => {
    const sessions = createSessions<Data>();
    app.use(h3Sessions(sessions));
    return app.get("/", (event) => {
      sessionOf(event, sessions).visits = 1;
      return "1";
    });
  };
  const isKept = async (app: H3): Promise<void> => {
    const { headers } = await app.request("/");
    expect(headers.getSetCookie()).toHaveLength(1);
    expect(headers.get("cache-control")).toBe("no-store");
  };

  test("onResponse of the application sends no cookie beside public", async () => {
    const say = (response: Response) => response.headers.set("cache-control", "public");
    await isKept(counting(new H3({ onResponse: say })));
    await isKept(counting(new H3().use(onResponse(say))));
  });

  test("middleware outside the sessions sends no cookie beside public", async () => {
    const app = new H3().use(async (event, next) => {
      const value = await next();
      event.res.headers.set("cache-control", "public");
      return value;
    });
    await isKept(counting(app));
  });
});
