import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import express from "express";
import Fastify from "fastify";
import { App, createSessions, info, login, type Session, type Sessions, take } from "micropie";
import { type ExpressSession, expressSessions } from "micropie/adapters/express";
import { type FastifySession, fastifySessions } from "micropie/adapters/fastify";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { browser, GatedBackend, signedIn, testSession, virtualEnvironment } from "micropie/testing";
import supertest from "supertest";
import { expect, test, vi } from "vitest";
import { environment } from "./_command.ts";

interface Data {
  visits: number;
}

function expressApp(sessions: Sessions<Data>) {
  const app = express();
  app.use(expressSessions(sessions));
  const sessionOf = (req: express.Request) => (req as unknown as { session: ExpressSession<Data> }).session;
  app.post("/login", (req, res) => {
    login(sessionOf(req), "ann");
    res.json({ user: "ann" });
  });
  app.get("/me", (req, res) => {
    const { userId } = info(sessionOf(req));
    if (userId === undefined) res.sendStatus(401);
    else res.send(`hello ${userId}`);
  });
  app.get("/visits", (req, res) => {
    const session = sessionOf(req);
    session.visits = (session.visits ?? 0) + 1;
    res.json(session.visits);
  });
  return app;
}

function fastifyApp(sessions: Sessions<Data>) {
  const app = Fastify();
  app.register(fastifySessions(sessions));
  app.get("/visits", (request) => {
    const session = request.getDecorator<FastifySession<Data>>("session");
    session.visits = (session.visits ?? 0) + 1;
    return session.visits;
  });
  return app;
}

interface Shop {
  cart: string[];
}

/** What the application under test has: a function that takes the session of a request. */
async function checkOut(session: Session<Shop>): Promise<number> {
  if (info(session).userId === undefined) throw new Error("sign in first");
  const cart = (await take(session, "cart")) ?? [];
  return cart.length;
}

test("only a user can check out, and then the cart is empty", async () => {
  await expect(checkOut(testSession({ cart: ["tea"] }))).rejects.toThrow("sign in first");
  const session = testSession<Shop>({ cart: ["tea", "milk"] }, { userId: "ann" });
  expect(await checkOut(session)).toBe(2);
  expect(session.cart).toBeUndefined();
});

test("a signed-in user is greeted by name, and a revoked one is not", async () => {
  const sessions = createSessions<Data>();
  const app = expressApp(sessions);
  const cookie = await signedIn(sessions, "ann", { visits: 6 });
  expect((await supertest(app).get("/visits").set("Cookie", cookie)).body).toBe(7);
  await supertest(app).get("/me").set("Cookie", cookie).expect(200, "hello ann");
  await sessions.revoke({ userId: "ann" });
  await supertest(app).get("/me").set("Cookie", cookie).expect(401);
});

test("an agent of supertest stays signed in with `secure: false`", async () => {
  const sessions = createSessions<Data>({ cookie: { secure: process.env.NODE_ENV === "production" } });
  const agent = supertest.agent(expressApp(sessions));
  await agent.post("/login").expect(200);
  expect((await agent.get("/visits")).body).toBe(1);
  expect((await agent.get("/visits")).body).toBe(2);
  expect((await sessions.list({ userId: "ann" }).toArray()).length).toBe(1);
});

test("with a Secure cookie over plain http, an agent of supertest is signed out, and a warning says why", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const agent = supertest.agent(expressApp(createSessions<Data>()));
  await agent.post("/login").expect(200);
  expect((await agent.get("/visits")).body).toBe(1);
  expect((await agent.get("/visits")).body).toBe(1);
  expect(warn.mock.calls.map(([, options]) => options)).toEqual([{ code: "MICROPIE_COOKIE_DROPPED" }]);
  warn.mockRestore();
});

class Site extends App<Data> {
  index() {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `visit ${session.visits}`;
  }
}

test("an App answers requests without a server", async () => {
  const site = new Site();
  const first = await site.fetch(new Request("http://localhost/"));
  const cookie = first.headers.getSetCookie()[0]!.split(";")[0]!;
  const second = await site.fetch(new Request("http://localhost/", { headers: { cookie } }));
  expect(await second.text()).toBe("visit 2");
});

test("a session expires after eight hours of virtual time", async () => {
  const environment = virtualEnvironment();
  const sessions = createSessions<Data>({ environment });
  const ann = browser(sessions);
  await ann.request((session) => {
    session.visits = 1;
  });
  environment.advance(8 * 60 * 60 - 1);
  expect(await ann.request((session) => session.visits)).toBe(1);
  environment.advance(8 * 60 * 60);
  expect(await ann.request((session) => session.visits)).toBeUndefined();
});

test("a visitor of a Fastify application is a new one after eight hours", async () => {
  const environment = virtualEnvironment();
  const app = fastifyApp(createSessions<Data>({ environment }));
  const first = await app.inject("/visits");
  const { name, value } = first.cookies[0]!;
  const visit = { url: "/visits", cookies: { [name]: value } };
  expect((await app.inject(visit)).json()).toBe(2);
  environment.advance(8 * 60 * 60 - 1);
  expect((await app.inject(visit)).json()).toBe(3);
  environment.advance(8 * 60 * 60);
  expect((await app.inject(visit)).json()).toBe(1);
});

test("the example of node:test passes", async () => {
  const [preload, example] = ["_from-source.ts", "_with-node-test.ts"].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  );
  const args = ["--import", preload!, "--test", "--test-reporter=tap", example!];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: environment() });
  expect(stdout).toMatch(/^# pass 1$/m);
});

test("a store that is down is answered with 503", async () => {
  const store = new GatedBackend(new InMemorySessionBackend());
  const agent = supertest.agent(
    expressApp(createSessions<Data>({ backend: store, cookie: { secure: false } })),
  );
  await agent.get("/visits").expect(200);
  store.fail(["read"]);
  await agent.get("/visits").expect(503);
  store.mend();
  expect((await agent.get("/visits")).body).toBe(2);
});
