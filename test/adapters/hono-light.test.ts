import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { createSessions } from "micropie";
import { honoSessions, type SessionVariables } from "micropie/adapters/hono";

import { afterAll, beforeAll, expect, test } from "vitest";
import { HttpBrowser } from "../../src/testing/http-browser.ts";

type Env = { Variables: SessionVariables<{ visits: number }> };

/** What @hono/node-server would make the answer from: its headers, before they become a slower `Headers`. */
const made: unknown[] = [];

const ways: Record<string, (c: Context<Env>) => Response> = {
  "/text": (c) => c.text("hello"),
  "/status": (c) => c.text("made", 201),
  "/record": () =>
    new Response("hello", { headers: { "Content-Type": "text/html", Vary: "Origin", "x-a": "1" } }),
  "/json": (c) => c.json({ a: 1 }),
  "/header": (c) => {
    c.header("x-a", "1");
    return c.text("hello");
  },
  "/bytes": (c) => c.body(new Uint8Array([104, 105])),
};

let url = "";
let server: ReturnType<typeof serve>;
const { Request, Response: NodeResponse } = globalThis;

beforeAll(async () => {
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    await next();
    const cache = Object.getOwnPropertySymbols(c.res).find(({ description }) => description === "cache");
    made.push((c.res as unknown as Record<symbol, unknown[] | undefined>)[cache!]?.[2]);
  });
  app.use(honoSessions(createSessions<{ visits: number }>({ cookie: { secure: false } })));
  app.get("/count", (c) => {
    c.var.session.visits = 1;
    return c.text("counted");
  });
  for (const [path, way] of Object.entries(ways)) {
    app.get(path, (c) => {
      void c.get("session").visits;
      return way(c);
    });
  }
  server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  if (!server.listening) await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  Object.assign(globalThis, { Request, Response: NodeResponse });
});

test.each([
  ["/text", 200, { vary: "Cookie", "content-type": "text/plain; charset=UTF-8" }, "hello"],
  ["/status", 201, { vary: "Cookie", "content-type": "text/plain; charset=UTF-8" }, "made"],
  ["/record", 200, { vary: "Origin, Cookie", "content-type": "text/html", "x-a": "1" }, "hello"],
  ["/json", 200, { vary: "Cookie", "content-type": "application/json" }, '{"a":1}'],
])("%s goes out as it was made, with Vary, and stays light", async (path, status, headers, text) => {
  const ann = new HttpBrowser(url);
  await ann.get("/count");
  made.length = 0;
  const answer = await ann.get(path);
  expect(answer.status).toBe(status);
  expect(answer.headers).toMatchObject({ ...headers, "content-length": `${text.length}` });
  expect(answer.text).toBe(text);
  expect(made[0]).toBeTypeOf("object");
  expect(made[0]).not.toBeInstanceOf(Headers);
});

test.each(["/header", "/bytes"])("%s goes out whole, too", async (path) => {
  const answer = await new HttpBrowser(url).get(path);
  expect(answer.status).toBe(200);
  expect(answer.headers.vary).toBe("Cookie");
  if (path === "/header") expect(answer.headers["x-a"]).toBe("1");
});

test("an answer that sets the cookie has all of it", async () => {
  const answer = await new HttpBrowser(url).get("/count");
  expect(answer.headers).toMatchObject({
    vary: "Cookie",
    "cache-control": "no-store",
    "content-type": expect.stringMatching(/^text\/plain/i),
  });
  expect(answer.ours).toHaveLength(1);
});
