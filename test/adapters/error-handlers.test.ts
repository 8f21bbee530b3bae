import type { ErrorRequestHandler } from "express";
import Fastify from "fastify";
import Koa from "koa";
import { expressErrors, expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";
import { koaSessions } from "micropie/adapters/koa";
import dropIn from "micropie/compat/drop-in";
import { describe, expect, onTestFinished, test } from "vitest";
import { printedBy } from "../../src/testing/printed.ts";
import { GatedStore } from "../compat/_site.ts";
import { listen as listenOnExpress, newApp } from "./_express-server.ts";
import { listen as listenOnFastify, newSessions, sessionOf } from "./_fastify-app.ts";
import { Jar } from "./_jar.ts";
import { listen as listenOnKoa } from "./_koa-app.ts";

/** What the applications have: a route that writes and throws, whose error handler writes too, and answers 422. */
interface Site {
  readonly jar: Jar;
  fail(): void;
  mend(): void;
  /** What the adapter has reported. The drop-in has nobody to report to, so it prints. */
  readonly told?: unknown[];
}
type Data = { name?: string; page?: string };

const refused = (): Error => Object.assign(new Error("The name is taken."), { status: 422 });

async function onExpress(version: "5" | "4", marks: boolean, later: boolean): Promise<Site> {
  const { store, sessions } = newSessions({}, later);
  const told: unknown[] = [];
  const app = newApp(version).use(expressSessions(sessions, { onError: (error) => told.push(error) }));
  const of = (req: object): Data => (req as { session: Data }).session;
  app.get("/", (req) => {
    of(req).name = "taken";
    throw refused();
  });
  app.get("/read", (req, res) => void res.json(of(req)));
  if (marks) app.use(expressErrors as never);
  app.use(((error, req, res, _next) => {
    of(req).page = "form";
    res.status(error.status).json({ error: error.message });
  }) as ErrorRequestHandler);
  const { url, close } = await listenOnExpress(app);
  onTestFinished(() => void close());
  return { jar: new Jar(url), fail: () => store.fail(["create", "patch"]), mend: () => store.mend(), told };
}

async function onDropIn(): Promise<Site> {
  const store = new GatedStore();
  const app = newApp("5");
  app.use(dropIn({ secret: "s", resave: false, saveUninitialized: false, store }));
  app.get("/", (req) => {
    (req.session as Data).name = "taken";
    throw refused();
  });
  app.get("/read", (_req, res) => void res.json({}));
  app.use(((error, _req, res, _next) => {
    res.status(error.status).json({ error: error.message });
  }) as ErrorRequestHandler);
  const { url, close } = await listenOnExpress(app);
  onTestFinished(() => void close());
  return { jar: new Jar(url), fail: () => store.fail("set"), mend: () => store.mend() };
}

async function onKoa(later: boolean): Promise<Site> {
  const { store, sessions } = newSessions({}, later);
  const told: unknown[] = [];
  const app = new Koa();
  app.on("error", (error) => told.push(error));
  app.use(async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      (ctx as unknown as { session: Data }).session.page = "form";
      ctx.status = (error as { status: number }).status;
      ctx.body = { error: (error as Error).message };
    }
  });
  app.use(koaSessions(sessions)).use((ctx) => {
    if (ctx.path === "/read") {
      ctx.body = { ...ctx.session };
      return;
    }
    ctx.session.name = "taken";
    throw refused();
  });
  const { jar } = await listenOnKoa(app);
  return { jar: jar(), fail: () => store.fail(["create", "patch"]), mend: () => store.mend(), told };
}

async function onFastify(later: boolean): Promise<Site> {
  const { store, sessions } = newSessions({}, later);
  const told: unknown[] = [];
  const app = Fastify({
    loggerInstance: Object.assign(Object.create(null), quietLogger, {
      error: (error: unknown) => told.push(error),
      child() {
        return this;
      },
    }),
  });
  app.register(fastifySessions(sessions));
  app.setErrorHandler((error, request, reply) => {
    sessionOf(request).name = "form";
    return reply
      .code((error as unknown as { status: number }).status)
      .send({ error: (error as Error).message });
  });
  app.get("/", (request) => {
    sessionOf(request).name = "taken";
    throw refused();
  });
  app.get("/read", (request) => ({ ...sessionOf(request) }));
  const { jar } = await listenOnFastify(app as never);
  return { jar: jar(), fail: () => store.fail(["create", "patch"]), mend: () => store.mend(), told };
}

const nothing = (): void => {};
const quietLogger = {
  level: "error",
  silent: nothing,
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  fatal: nothing,
};

const APPS: Record<string, () => Promise<Site>> = { "the drop-in": onDropIn };
for (const later of [false, true]) {
  const when = later ? "answering later" : "answering at once";
  for (const version of ["5", "4"] as const) {
    APPS[`Express ${version}, ${when}`] = () => onExpress(version, false, later);
    APPS[`Express ${version} with expressErrors, ${when}`] = () => onExpress(version, true, later);
  }
  APPS[`Koa, ${when}`] = () => onKoa(later);
  APPS[`Fastify, ${when}`] = () => onFastify(later);
}

describe.each(Object.entries(APPS))("%s", (_name, start) => {
  test("an error handler's answer stays if its save fails: without a cookie, and the failure is reported", async () => {
    const { jar, fail, mend, told } = await start();
    fail();
    const printed = await printedBy(async () => {
      const { status, text, setCookie } = await jar.get("/");
      expect([status, text, setCookie]).toEqual([422, '{"error":"The name is taken."}', []]);
    });
    if (told === undefined) expect(printed).toMatch(/set: boom!/);
    else expect(told).toHaveLength(1);
    mend();
    expect((await jar.get("/read")).text).toBe("{}");
  });

  test("an error handler's answer is saved if the store is up", async () => {
    const { jar } = await start();
    const { status, setCookie } = await jar.get("/");
    expect([status, setCookie.length]).toEqual([422, 1]);
  });
});
