import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ErrorRequestHandler, Request } from "express";
import { createSessions, login, type Session } from "micropie";
import { expressErrors, expressSessions } from "micropie/adapters/express";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { requireUser } from "micropie/guards";
import { GatedBackend } from "micropie/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { newApp } from "./_express-server.ts";
import { Jar } from "./_jar.ts";

type Data = { visits: number; page: string };
const of = (req: Request): Session<Data> => (req as unknown as { session: Session<Data> }).session;

/** An application whose routes fail after a sign-in. `errors` are its error handlers. */
async function site(version: "5" | "4", ...errors: ErrorRequestHandler[]) {
  const store = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions<Data>({ backend: store });
  const app = newApp(version).use(expressSessions(sessions, { signIn: "/login" }));
  app.get("/guarded", (req, res) => {
    of(req).visits = 99;
    res.send(requireUser(of(req)));
  });
  app.get("/throw", (req) => {
    login(of(req), "ann");
    throw Object.assign(new Error("forbidden"), { status: 403 });
  });
  app.get("/next", (req, _res, next) => {
    of(req).visits = 99;
    next({ status: 404 });
  });
  app.get("/count", (req, res) => {
    of(req).visits = (of(req).visits ?? 0) + 1;
    res.send(String(of(req).visits));
  });
  app.get("/read", (req, res) => void res.json(of(req)));
  for (const each of errors) app.use(each);
  const server = createServer(app).listen(0, "127.0.0.1");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise((listening) => server.once("listening", listening));
  return { store, jar: () => new Jar(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) };
}

describe.each(["5", "4"] as const)("Express %s", (version) => {
  test("with expressErrors, a handler that throws saves nothing, whatever the status of its error", async () => {
    const { store, jar } = await site(version, expressErrors as ErrorRequestHandler);
    for (const [path, status] of [
      ["/throw", 403],
      ["/next", 404],
    ] as const) {
      const ann = jar();
      const answer = await ann.get(path);
      expect([answer.status, answer.setCookie, store.writes]).toEqual([status, [], 0]);
    }
    const bob = jar();
    await bob.get("/count");
    await bob.get("/next");
    expect(JSON.parse((await bob.get("/read")).text)).toEqual({ visits: 1 });
  });

  test("with expressErrors, what a guard throws is answered, and no error handler behind it hears of it", async () => {
    const heard: unknown[] = [];
    const tell: ErrorRequestHandler = (error, _req, _res, next) => {
      heard.push(error);
      next(error);
    };
    const { store, jar } = await site(version, expressErrors as ErrorRequestHandler, tell);
    const page = await jar().get("/guarded", { accept: "text/html" });
    expect([page.status, page.headers.location]).toEqual([303, "/login?back=%2Fguarded"]);
    const { status, text } = await jar().get("/guarded");
    expect([status, JSON.parse(text)]).toEqual([401, { code: "no_user", message: "Sign in first." }]);
    expect([heard, store.writes]).toEqual([[], 0]);
    await jar().get("/throw");
    expect(heard).toHaveLength(1);
  });

  test("with expressErrors, what an error handler behind it changes is saved, also with a status of 500", async () => {
    const page: ErrorRequestHandler = (_error, req, res, _next) => {
      of(req).page = "error";
      res.status(500).send("sorry");
    };
    const { jar } = await site(version, expressErrors as ErrorRequestHandler, page);
    const ann = jar();
    await ann.get("/count");
    expect((await ann.get("/next")).status).toBe(500);
    expect(JSON.parse((await ann.get("/read")).text)).toEqual({ visits: 1, page: "error" });
  });

  test("without expressErrors, an error with a status below 500 saves, and one of 500 does not", async () => {
    const { store, jar } = await site(version);
    const ann = jar();
    expect((await ann.get("/next")).status).toBe(404);
    expect(store.writes).toBe(1);
    const page: ErrorRequestHandler = (_error, _req, res, _next) => void res.status(500).send("sorry");
    const other = await site(version, page);
    await other.jar().get("/next");
    expect(other.store.writes).toBe(0);
  });
});
