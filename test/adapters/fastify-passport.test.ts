import fastifyFlash from "@fastify/flash";
import { Authenticator } from "@fastify/passport";
import Fastify, { type FastifyInstance } from "fastify";
import { createSessions, type SessionOptions } from "micropie";
import { type FastifySession, fastifySessions } from "micropie/adapters/fastify";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { GatedBackend, gate } from "micropie/testing";
import { Strategy } from "passport-local";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "./_fastify-app.ts";
import { type Kept, type PassportSite, passportCases } from "./_passport-cases.ts";

type Data = Kept & { passport: string };

/** Nobody has told it that the sessions are ours. */
function newPassport(): Authenticator {
  const auth = new Authenticator();
  const strategy = new Strategy((username, password, done) => {
    if (password === "wrong") done(null, false, { message: "Wrong password." });
    else done(null, { name: username });
  });
  auth.use("local", strategy as unknown as Parameters<Authenticator["use"]>[1] & object);
  auth.registerUserSerializer(async (user: { name: string }) => user.name);
  auth.registerUserDeserializer(async (name: string) => (name === "removed" ? null : { name }));
  return auth;
}

async function start(
  options: SessionOptions<Kept> = { userIdOf: (data) => (data as Partial<Data>).passport },
): Promise<PassportSite> {
  const store = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions<Kept>({ ...options, backend: store });
  const slow = gate();
  const app: FastifyInstance = Fastify();
  const auth = newPassport();
  app.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, (_, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  app.register(fastifySessions(sessions));
  app.register(auth.initialize());
  app.register(auth.secureSession());
  const data = (request: object): FastifySession<Data> =>
    (request as { session: FastifySession<Data> }).session;

  app.register(async () => {
    const login = (path: string, more: object) =>
      app.post(
        path,
        { preValidation: auth.authenticate("local", { failureRedirect: "/login", ...more }) as never },
        () => {
          throw new Error("Passport has answered.");
        },
      );
    login("/login", { successRedirect: "/" });
    login("/login-keep", { successReturnToOrRedirect: "/", keepSessionInfo: true });
    login("/login-message", { successRedirect: "/", failureMessage: true });
    login("/login-flash", { successRedirect: "/", failureFlash: "Wrong password." });
    app.get("/login", (_, reply) => reply.send(reply.flash("error")));
    app.post("/logout", async (request, reply) => {
      await request.logOut();
      return reply.redirect("/");
    });
    app.get("/private", (request, reply) => {
      if (request.isAuthenticated())
        return reply.send(JSON.stringify((request.user as { name: string }).name));
      data(request).set("returnTo" as never, request.url as never);
      return reply.redirect("/login");
    });
    app.get("/visit", async (request) => {
      data(request).visits = (data(request).visits ?? 0) + 1;
    });
    app.get("/slow", async (request) => {
      await slow.wait();
      data(request).late = true;
    });
    app.get("/data", (request) => ({ ...data(request) }));
    app.get("/", (request) => JSON.stringify((request.user as { name: string } | undefined)?.name ?? null));
  });
  onTestFinished(() => {
    store.mend();
    slow.open();
  });
  const { jar } = await listen(app);
  return { store, sessions, slow, jar };
}

describe("@fastify/passport", () => {
  passportCases({ start, signedIn: (user) => ({ passport: user }) });

  test("leaves a flash message of a failure, which is read once", async () => {
    const { jar } = await start();
    const ann = jar();
    await ann.post("/login-flash", { username: "ann", password: "wrong" });
    expect((await ann.get("/login")).text).toBe('["Wrong password."]');
    expect((await ann.get("/login")).text).toBe("[]");
  });
});

describe("@fastify/flash", () => {
  async function flashing() {
    const store = new GatedBackend(new InMemorySessionBackend());
    const app = Fastify();
    app.register(fastifySessions(createSessions({ backend: store })));
    app.register(fastifyFlash);
    app.register(async () => {
      app.get("/left/:text", async (request, reply) => {
        request.flash("info", (request.params as { text: string }).text);
        return reply.redirect("/read");
      });
      app.get("/read", (_, reply) => reply.send(reply.flash("info")));
      app.get("/all", (_, reply) => reply.send(reply.flash()));
    });
    return { store, jar: (await listen(app)).jar };
  }

  test("a message is read once, after a redirect", async () => {
    const { jar } = await flashing();
    const ann = jar();
    expect((await ann.get("/left/one")).status).toBe(302);
    await ann.get("/left/two");
    expect((await ann.get("/read")).text).toBe('["one","two"]');
    expect((await ann.get("/read")).text).toBe("[]");
    await ann.get("/left/three");
    expect((await ann.get("/all")).text).toBe('{"info":["three"]}');
  });

  test("a message that could not be left is an error", async () => {
    const { store, jar } = await flashing();
    store.fail(["create"]);
    expect((await jar().get("/left/one")).status).toBe(503);
  });
});
