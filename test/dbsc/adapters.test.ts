import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Elysia } from "elysia";
import express from "express";
import fastify from "fastify";
import { H3 } from "h3";
import { Hono } from "hono";
import Koa from "koa";
import { App, createSessions, info, login, logout, type Session, type Sessions } from "micropie";
import { elysiaSessions } from "micropie/adapters/elysia";
import { expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";
import { fetchSessions } from "micropie/adapters/fetch";
import { h3Sessions } from "micropie/adapters/h3";
import { honoSessions } from "micropie/adapters/hono";
import { koaSessions } from "micropie/adapters/koa";
import { nextSessions } from "micropie/adapters/next";
import { nodeSessions } from "micropie/adapters/node";
import { reactRouterSessions } from "micropie/adapters/react-router";
import { svelteKitSessions } from "micropie/adapters/sveltekit";
import { bindingOf, dbsc } from "micropie/dbsc";
import { afterEach, describe, expect, test } from "vitest";
import { DeviceBrowser } from "./_device.ts";

type Fetch = (request: Request) => Promise<Response>;

/** What a page does and says. */
function page(path: string, given: object): string {
  const session = given as Session;
  if (path === "/login") login(session, "ann");
  if (path === "/logout") logout(session);
  return `${info(session).userId ?? "nobody"} ${bindingOf(session)}`;
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Serves a listener of Node over HTTP. */
async function served(listener: RequestListener): Promise<Fetch> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  return (request) => fetch(`http://127.0.0.1:${port}${new URL(request.url).pathname}`, request);
}

type Start = (sessions: Sessions) => Promise<Fetch> | Fetch;
const pathOf = ({ url }: { url: string }): string => new URL(url).pathname;

const WAYS: Record<string, Start> = {
  node: (sessions) =>
    served(nodeSessions(sessions, (req, res) => res.end(page(req.url!, req.session))) as RequestListener),
  Express(sessions) {
    const app = express();
    app.use(expressSessions(sessions));
    app.use((req, res) => void res.send(page(req.path, (req as unknown as { session: object }).session)));
    return served(app);
  },
  "Express below a path"(sessions) {
    const app = express();
    app.use("/.micropie", expressSessions(sessions));
    app.use(expressSessions(sessions));
    app.use((req, res) => void res.send(page(req.path, (req as unknown as { session: object }).session)));
    return served(app);
  },
  Koa(sessions) {
    const app = new Koa();
    app.use(koaSessions(sessions) as never);
    app.use((ctx) => {
      ctx.body = page(ctx.path, (ctx as unknown as { session: object }).session);
    });
    return served(app.callback());
  },
  async Fastify(sessions) {
    const app = fastify();
    await app.register(fastifySessions(sessions));
    app.get("*", async (request) => page(request.url, (request as unknown as { session: object }).session));
    await app.listen({ port: 0, host: "127.0.0.1" });
    closing.push(() => app.close());
    const { port } = app.server.address() as AddressInfo;
    return (request) => fetch(`http://127.0.0.1:${port}${pathOf(request)}`, request);
  },
  fetch: (sessions) =>
    fetchSessions(sessions, (request, session) => new Response(page(pathOf(request), session))),
  Hono(sessions) {
    const app = new Hono();
    app.use(honoSessions(sessions));
    app.get("*", (c) => c.text(page(c.req.path, c.get("session" as never) as object)));
    return async (request) => app.fetch(request);
  },
  h3(sessions) {
    const app = new H3();
    app.use(h3Sessions(sessions));
    app.get("/**", (event) => page(event.url.pathname, event.context.session as object));
    return async (request) => app.fetch(request);
  },
  Elysia(sessions) {
    const app = new Elysia()
      .use(elysiaSessions(sessions))
      .get("*", ({ session, path }) => page(path, session as object));
    return async (request) => app.handle(request);
  },
  "React Router"(sessions) {
    const { middleware, context } = reactRouterSessions(sessions);
    return (request) => {
      const values = new Map<object, object>();
      const args = { request, url: new URL(request.url), context: values };
      const next = async (): Promise<Response> => new Response(page(pathOf(request), values.get(context)!));
      return middleware(args as never, next);
    };
  },
  SvelteKit(sessions) {
    const handle = svelteKitSessions(sessions);
    return (request) => {
      const locals = {} as { session: object };
      const cookies = { set() {}, serialize: () => "" };
      const event = {
        request,
        url: new URL(request.url),
        locals,
        cookies,
        isSubRequest: false,
        isDataRequest: false,
      };
      return handle({ event, resolve: () => new Response(page(pathOf(request), locals.session)) });
    };
  },
  "the proxy of Next"(sessions) {
    const cookies = async () => ({ get: () => undefined, getAll: () => [], set: () => {} });
    const headers = async () => ({ get: () => null });
    const { proxy } = nextSessions(sessions, { cookies, headers });
    return proxy(async (request, session) => new Response(page(pathOf(request), session)));
  },
  "App over HTTP"(sessions) {
    return startApp(sessions);
  },
  async "App as a fetch handler"(sessions) {
    const app = new Pages({ sessions });
    return async (request) => app.fetch(request);
  },
};

class Pages extends App {
  login() {
    return page("/login", this.request.session);
  }
  logout() {
    return page("/logout", this.request.session);
  }
  me() {
    return page("/me", this.request.session);
  }
}

async function startApp(sessions: Sessions): Promise<Fetch> {
  const running = await new Pages({ sessions }).serve({ port: 0, signals: false });
  closing.push(() => running.close());
  return (request) => fetch(new URL(pathOf(request), running.url), request);
}

describe.each(Object.entries(WAYS))("a browser in front of %s", (_, start) => {
  test("registers a key at sign-in, renews the short cookie, and is told of the end", async () => {
    const binding = dbsc();
    const sessions = createSessions({ bound: binding });
    const browser = new DeviceBrowser(await start(sessions));
    expect(await browser.open("/login")).toMatch(/^ann/);
    expect(browser.bound).toBeDefined();
    browser.dropShort();
    expect(await browser.open("/me")).toBe("ann bound");
    expect(binding.counts).toEqual({ signIns: 1, bound: 1 });
    const { bound } = browser;
    browser.bound = undefined;
    browser.jar.delete("session_id_bound");
    expect(await browser.open("/me")).toBe("nobody refused");
    browser.bound = bound;
    expect(await browser.open("/me")).toBe("ann bound");
    await browser.open("/logout");
    expect([...browser.jar]).toEqual([]);
    expect(await browser.open("/me")).toBe("nobody unbound");
    expect(browser.bound).toBeUndefined();
    const answers = browser.answers.filter(({ sent }) => sent !== "page");
    expect(answers.map(({ sent, status }) => `${sent} ${status}`)).toEqual([
      "registration 200",
      "refresh 200",
      "refresh 200",
      "refresh 200",
    ]);
  });

  test("is told to try again later while the store is down, and never anything else", async () => {
    const sessions = createSessions({ bound: dbsc() });
    const browser = new DeviceBrowser(await start(sessions));
    await browser.open("/login");
    const { patch } = sessions.backend;
    sessions.backend.patch = () => {
      throw new Error("down");
    };
    expect(await browser.refresh()).toBe("server_error");
    sessions.backend.patch = patch;
    expect(await browser.refresh()).toBeUndefined();
    expect(browser.answers.slice(-3).map(({ status }) => status)).toEqual([503, 403, 200]);
  });
});

test("what only reads a session, in Next and in a SessionStorage of React Router, sees the proof too", async () => {
  const sessions = createSessions({ bound: dbsc() });
  const browser = new DeviceBrowser(
    fetchSessions(sessions, (request, session) => new Response(page(pathOf(request), session))),
  );
  await browser.open("/login");
  browser.dropShort();
  await browser.open("/me");
  const seen: (string | undefined)[] = [];
  for (const jar of [browser.jar, new Map([...browser.jar].slice(0, 1))]) {
    const cookie = Array.from(jar, (pair) => pair.join("=")).join("; ");
    const { read } = nextSessions(sessions, {
      cookies: async () => ({
        get: (name) => ({ value: jar.get(name) ?? "" }),
        getAll: () => [],
        set: () => {},
      }),
      headers: async () => ({ get: (name) => (name === "cookie" ? cookie : null) }),
    });
    seen.push(info(await read()).userId);
    const { getSession, sessionOf } = reactRouterSessions(sessions);
    seen.push(info(sessionOf(await getSession(cookie))).userId);
  }
  expect(seen).toEqual(["ann", "ann", undefined, undefined]);
});
