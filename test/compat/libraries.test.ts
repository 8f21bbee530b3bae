import { once } from "node:events";
import { createServer } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import flash from "connect-flash";
import { csrfSync } from "csrf-sync";
import { createSessions } from "micropie";
import { nodeSessions } from "micropie/adapters/node";
import session from "micropie/compat/drop-in";
import passport from "passport";
import { Strategy } from "passport-local";
import { describe, expect, onTestFinished, test } from "vitest";
import { GatedStore, site } from "./_site.ts";

describe("Passport", () => {
  const make = async () => {
    const authenticator = new passport.Passport();
    authenticator.use(
      new Strategy({ usernameField: "name", passwordField: "password" }, (name, password, done) => {
        done(null, password === "right" ? { name } : false, { message: "wrong" });
      }),
    );
    authenticator.serializeUser((user, done) => done(null, (user as { name: string }).name));
    authenticator.deserializeUser((name: string, done) => done(null, { name }));
    const store = new GatedStore();
    const made = await site({ store }, (app) => {
      app.use(authenticator.session());
      app.get(
        "/login",
        (req, _res, next) => {
          req.body = req.query;
          next();
        },
        (req, res, next) => {
          const keepSessionInfo = req.query.keep === "yes";
          authenticator.authenticate("local", { keepSessionInfo, failureMessage: true })(req, res, next);
        },
        (req, res) => void res.end(`hello ${(req.user as { name: string }).name}`),
      );
      app.get("/login-heard", (req, res) => {
        req.login({ name: "ann" } as never, (error: unknown) => {
          store.mend();
          req.session.tries = 1;
          res.status(error ? 401 : 200).end();
        });
      });
      app.get("/me", (req, res) => {
        res.end(`${(req.user as { name: string } | undefined)?.name} ${req.session.cart}`);
      });
      app.get("/logout", (req, res, next) => {
        req.logout((error) => (error ? next(error) : res.end("bye")));
      });
    });
    return { store, ...made };
  };

  test("logs in under a new id, knows the user, and logs out", async () => {
    const { store, visitor } = await make();
    const ann = visitor();
    await ann.get("/set/cart/apple");
    const before = ann.sid;
    expect((await ann.get("/login?name=ann&password=right")).body).toBe("hello ann");
    expect(ann.sid).not.toBe(before);
    expect(store.records.has(before)).toBe(false);
    expect((await ann.get("/me")).body).toBe("ann undefined");
    const signedIn = ann.sid;
    expect((await ann.get("/logout")).body).toBe("bye");
    expect(store.records.has(signedIn)).toBe(false);
    expect((await ann.get("/me")).body).toBe("undefined undefined");
  });

  test("keepSessionInfo keeps the cart", async () => {
    const { visitor } = await make();
    const ann = visitor();
    await ann.get("/set/cart/apple");
    await ann.get("/login?name=ann&password=right&keep=yes");
    expect((await ann.get("/me")).body).toBe("ann apple");
    await ann.get("/logout?keep=yes");
    expect((await ann.get("/me")).body).toBe("undefined undefined");
  });

  test("a wrong password is 401, and its message is kept", async () => {
    const { visitor } = await make();
    const ann = visitor();
    expect((await ann.get("/login?name=ann&password=wrong")).status).toBe(401);
    expect((await ann.get("/")).body).toBe('{"messages":["wrong"]}');
  });

  test("a login that cannot be stored, and is answered 401: nobody is signed in, though the store is back", async () => {
    const { store, visitor } = await make();
    for (const path of ["/me", "/set/cart/apple"]) {
      const ann = visitor();
      await ann.get(path);
      store.fail("set");
      expect((await ann.get("/login-heard")).status).toBe(401);
      expect((await ann.get("/me")).body).toBe("undefined undefined");
      expect((await ann.get("/")).body).toBe('{"tries":1}');
      expect((await ann.get("/login-heard")).status).toBe(200);
      expect((await ann.get("/me")).body).toBe("ann undefined");
    }
  });

  test("a login that cannot be stored is an error, and nobody is signed in", async () => {
    const { store, visitor } = await make();
    const ann = visitor();
    store.fail("set");
    expect(await ann.get("/login?name=ann&password=right")).toMatchObject({ status: 500, cookies: [] });
    store.mend();
    expect((await ann.get("/me")).body).toBe("undefined undefined");
  });
});

test("connect-flash shows a message once", async () => {
  const { visitor } = await site({ store: new GatedStore() }, (app) => {
    app.use(flash());
    app.get("/add", (req, res) => {
      req.flash("info", "added");
      res.redirect("/show");
    });
    app.get("/show", (req, res) => void res.json(req.flash("info")));
  });
  const ann = visitor();
  await ann.get("/add");
  expect((await ann.get("/show")).body).toBe('["added"]');
  expect((await ann.get("/show")).body).toBe("[]");
});

test("csrf-sync takes its own token only", async () => {
  const { generateToken, csrfSynchronisedProtection } = csrfSync();
  const { url, visitor } = await site({ store: new GatedStore() }, (app) => {
    app.get("/form", (req, res) => void res.end(generateToken(req)));
    app.post("/send", csrfSynchronisedProtection, (_req, res) => void res.end("sent"));
  });
  const ann = visitor();
  const token = (await ann.get("/form")).body;
  const send = async (given: string) => {
    const headers = { cookie: ann.jar.header, "x-csrf-token": given };
    return (await fetch(`${url}/send`, { method: "POST", headers })).status;
  };
  expect(await send(token)).toBe(200);
  expect(await send("another")).toBe(403);
});

test("HTTP/2", async () => {
  const middleware = session({
    secret: "cat",
    resave: false,
    saveUninitialized: false,
    store: new GatedStore(),
  });
  const server = createHttp2Server((req, res) => {
    const request = req as never as Parameters<typeof middleware>[0];
    middleware(request, res as never, () => {
      request.session.count = Number(request.session.count ?? 0) + 1;
      res.write("count ");
      res.end(String(request.session.count));
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.close();
    server.close();
  });
  const ask = async (cookie?: string) => {
    const stream = client.request({ ":path": "/", ...(cookie && { cookie }) });
    const [headers] = (await once(stream, "response")) as [Record<string, unknown>];
    let body = "";
    for await (const chunk of stream) body += chunk;
    return { body, headers };
  };
  const first = await ask();
  expect(first.body).toBe("count 1");
  expect(first.headers).toMatchObject({ "cache-control": "no-store", vary: "Cookie" });
  const [line] = first.headers["set-cookie"] as string[];
  expect((await ask(line!.split(";")[0])).body).toBe("count 2");
});

const SWITCHING = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

test("a WebSocket's upgrade, where there is no response, finds the session and can save it", async () => {
  const store = new GatedStore();
  const middleware = session({ secret: "cat", resave: false, saveUninitialized: false, store });
  const { visitor } = await site({ store });
  const ann = visitor();
  await ann.get("/set/a/1");
  const seen: unknown[] = [];
  const server = createServer();
  server.on("upgrade", (req, socket) => {
    const request = req as Parameters<typeof middleware>[0];
    middleware(request, {} as never, (error?: unknown) => {
      seen.push(error, request.session.a);
      request.session.socket = true;
      request.session.save(() => socket.end(SWITCHING));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { request } = await import("node:http");
  const asking = request({
    port: (server.address() as AddressInfo).port,
    headers: { connection: "Upgrade", upgrade: "websocket", cookie: ann.jar.header },
  }).end();
  const [, socket] = await once(asking, "upgrade");
  socket.destroy();
  expect(seen).toEqual([undefined, "1"]);
  expect(JSON.parse((await ann.get("/")).body)).toEqual({ a: "1", socket: true });
});

test("what the answer that sets the cookie says to caches", async () => {
  const { visitor } = await site({ store: new GatedStore() }, (app) => {
    app.get("/public", (req, res) => {
      res.set({ "Cache-Control": "public, max-age=600", Vary: "Accept" });
      req.session.seen = true;
      res.end();
    });
  });
  const ann = visitor();
  const first = await ann.get("/public");
  expect(first.headers.get("cache-control")).toBe("no-store");
  expect(first.headers.get("vary")).toBe("Accept, Cookie");
  const second = await ann.get("/public");
  expect(second.headers.get("cache-control")).toBe("public, max-age=600");
  expect(second.headers.get("vary")).toBe("Accept");
});

test("headers: false leaves Vary and Cache-Control to the application, and only that", async () => {
  const { visitor } = await site({ store: new GatedStore(), headers: false }, (app) => {
    app.get("/public", (req, res) => {
      res.set({ "Cache-Control": "public, max-age=600", Vary: "Accept" });
      req.session.seen = true;
      res.end();
    });
  });
  const ann = visitor();
  const first = await ann.get("/public");
  expect(first.cookies).toHaveLength(1);
  expect(first.headers.get("cache-control")).toBe("public, max-age=600");
  expect(first.headers.get("vary")).toBe("Accept");
  const plain = await visitor().get("/set/a/1");
  expect([plain.headers.get("cache-control"), plain.headers.get("vary")]).toEqual([null, null]);
  const wrong = { secret: "cat", resave: false, saveUninitialized: false, headers: "no" as never };
  expect(() => session(wrong)).toThrow(expect.objectContaining({ option: "headers" }));
});

describe("beside sessions of ours", () => {
  const make = () => createSessions<{ theme: string }>({ cookie: { name: "ours", secure: false } });

  test("both are saved, each with its cookie", async () => {
    const { visitor } = await site({ store: new GatedStore() }, (app) => {
      app.use(nodeSessions(make(), { as: "settings" }));
      app.get("/both", (req, res) => {
        const { settings } = req as unknown as { settings: { theme?: string } };
        const before = [settings.theme, req.session.user];
        settings.theme = "dark";
        req.session.user = "ann";
        res.json(before);
      });
    });
    const ann = visitor();
    expect((await ann.get("/both")).cookies).toHaveLength(2);
    expect((await ann.get("/both")).body).toBe('["dark","ann"]');
  });

  test("one that takes its place on a request is not taken for ours", async () => {
    const store = new GatedStore();
    const { visitor } = await site({ store, unset: "destroy" }, (app) => {
      app.use((req, _res, next) => {
        Reflect.deleteProperty(req, "session");
        next();
      });
      app.use(nodeSessions(make()));
      app.get("/ours", (req, res) => {
        (req.session as { theme?: string }).theme = "dark";
        res.end();
      });
    });
    const ann = visitor();
    await ann.get("/set/a/1");
    expect(await ann.get("/ours")).toMatchObject({ status: 200, cookies: [expect.stringMatching(/^ours=/)] });
    expect((await ann.get("/")).body).toBe('{"a":"1"}');
  });
});
