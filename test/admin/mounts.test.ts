import { createServer, type RequestListener } from "node:http";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { App, createSessions, info, mount, type Sessions } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";
import { fetchSessions } from "micropie/adapters/fetch";
import { honoSessions } from "micropie/adapters/hono";
import { koaSessions } from "micropie/adapters/koa";
import { nodeSessions } from "micropie/adapters/node";
import { type AdminPage, adminPage } from "micropie/admin";
import { serve } from "srvx";
import { describe, expect, onTestFinished, test } from "vitest";
import { textOf } from "./_operator.ts";
import { type Data, handleIn, visitor } from "./_people.ts";

/** Serves an application with the page at /admin; returns its port. */
type Serve = (sessions: Sessions<Data>, page: AdminPage) => Promise<string>;

async function listening(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function fetching(fetch: (request: Request) => Response | Promise<Response>): Promise<string> {
  const server = serve({ port: 0, hostname: "127.0.0.1", silent: true, fetch });
  await server.ready();
  onTestFinished(() => server.close(true));
  return `http://127.0.0.1:${new URL(server.url!).port}`;
}

const WAYS: Record<string, Serve> = {
  Express: (sessions, page) => {
    const app = express();
    app.use("/admin", page.listener);
    app.use(expressSessions(sessions)).get("/", (_, res) => void res.send("home"));
    return listening(app);
  },
  "Express, behind sessions and parsers": (sessions, page) => {
    const app = express().use(
      expressSessions(sessions),
      express.urlencoded(),
      express.json(),
      express.text(),
    );
    app.use("/admin", page.listener).get("/", (_, res) => void res.send("home"));
    return listening(app);
  },
  Fastify: async (sessions, page) => {
    const app = Fastify();
    await app.register(fastifySessions(sessions));
    app.get("/", () => "home");
    app.all("/admin", (request, reply) => page.listener(request.raw, reply.hijack().raw));
    app.all("/admin/*", (request, reply) => page.listener(request.raw, reply.hijack().raw));
    onTestFinished(() => app.close());
    return app.listen({ port: 0, host: "127.0.0.1" });
  },
  Koa: (sessions, page) => {
    const app = new Koa();
    app.use((ctx, next) => {
      if (!/^\/admin(\/|$)/.test(ctx.path)) return next();
      ctx.respond = false;
      return page.listener(ctx.req, ctx.res);
    });
    app.use(koaSessions(sessions)).use((ctx) => {
      ctx.body = "home";
    });
    return listening(app.callback());
  },
  Hono: (sessions, page) => {
    const app = new Hono().mount("/admin", page.fetch);
    app.use(honoSessions(sessions)).get("/", (c) => c.text("home"));
    return fetching(app.fetch);
  },
  "node:http": (sessions, page) =>
    listening(
      nodeSessions(sessions, (req, res) =>
        /^\/admin(\/|$|\?)/.test(req.url ?? "") ? page.listener(req, res) : res.end("home"),
      ),
    ),
  "a fetch handler": (sessions, page) => {
    const home = fetchSessions(sessions, () => new Response("home"));
    return fetching((request) =>
      new URL(request.url).pathname.startsWith("/admin") ? page.fetch(request) : home(request),
    );
  },
  App: async (sessions, page) => {
    class Home extends App<Data> {
      index() {
        return "home";
      }
    }
    const app = new Home({ sessions });
    app.middlewares.push(mount("/admin", page));
    const server = await app.serve({ port: 0, hostname: "127.0.0.1", signals: false });
    onTestFinished(() => server.close());
    return server.url.slice(0, -1);
  },
};

describe.each(Object.entries(WAYS))("mounted in %s", (_, start) => {
  test("the page is seen by an operator alone, who searches, looks, and ends", async () => {
    const sessions = createSessions<Data>();
    const page = adminPage(sessions, {
      allow: ({ session }) => session.operator === true && info(session).userId,
      manage: true,
    });
    onTestFinished(() => page.shutdown());
    const url = await start(sessions, page);
    const olga = await visitor(sessions, "olga", {}, { operator: true });
    const ann = await visitor(sessions, "ann");
    const handle = handleIn(ann);
    const ask = (path: string, cookie: string, init: RequestInit = {}) =>
      fetch(url + path, {
        ...init,
        headers: { cookie, connection: "close", ...(init.headers as object) },
        redirect: "manual",
      });
    expect(await (await ask("/", ann)).text()).toBe("home");
    for (const cookie of ["", ann])
      for (const path of ["/admin", "/admin/", "/admin/sessions", "/admin/assets/x.js"])
        expect((await ask(path, cookie)).status, path).toBe(404);

    for (const path of ["/admin", "/admin/"]) {
      const answer = await ask(path, olga);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
      expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(await answer.text()).toContain('href="/admin/sessions"');
    }
    const css = /href="(\/admin\/assets\/[^"]+)"/.exec(await (await ask("/admin/", olga)).text())![1]!;
    const style = await ask(css, olga);
    expect([style.status, style.headers.get("cache-control")]).toEqual([
      200,
      expect.stringContaining("immutable"),
    ]);
    expect((await style.text()).length).toBeGreaterThan(1000);

    const found = await ask("/admin/sessions?by=user&q=ann", olga);
    expect(found.headers.get("location")).toBe("/admin/user?id=ann");
    expect(await (await ask("/admin/user?id=ann", olga)).text()).toContain(handle);
    expect(textOf(await (await ask(`/admin/session/${handle}`, olga)).text())).toContain("User ann");
    const head = await ask("/admin/sessions", olga, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);

    // What a browser sends when the form is submitted.
    const form = (site: string, cookie = olga) =>
      ask(`/admin/session/${handle}/end`, cookie, {
        method: "POST",
        body: "",
        headers: { "content-type": "text/plain", "sec-fetch-site": site },
      });
    expect((await form("cross-site")).status).toBe(403);
    expect((await form("same-origin", ann)).status).toBe(404);
    expect(await sessions.count({ handle })).toBe(1);
    const ended = await form("same-origin");
    expect([ended.status, ended.headers.get("location")]).toEqual([303, `/admin/session/${handle}?ended=1`]);
    expect(await sessions.count({ handle })).toBe(0);
    expect((await ask("/admin/nowhere", olga)).status).toBe(404);
  });
});

test("`allow` gets the request as Express has it", async () => {
  const sessions = createSessions<Data>();
  const page = adminPage(sessions, {
    allow: (_, incoming) => (incoming as { user?: { name: string } } | undefined)?.user?.name,
  });
  onTestFinished(() => page.shutdown());
  const app = express();
  app.use("/admin", (req, _, next) => {
    if (req.headers.authorization === "Basic b2xnYTpvaw==") Object.assign(req, { user: { name: "olga" } });
    next();
  });
  app.use("/admin", page.listener);
  const url = await listening(app);
  expect((await fetch(`${url}/admin/`)).status).toBe(404);
  const answer = await fetch(`${url}/admin/`, { headers: { authorization: "Basic b2xnYTpvaw==" } });
  expect(await answer.text()).toContain("olga");
});
