import { hash } from "node:crypto";
import expressSession, { type Session } from "express-session";
import { BackendError, ConfigError, InMemorySessionBackend } from "micropie";
import { SessionStore, type SessionStoreOptions, type StoredSession } from "micropie/compat/store";
import { GatedBackend } from "micropie/testing";
import { describe, expect, test, vi } from "vitest";
import { until } from "../_until.ts";
import { newPatch } from "../backends/_records.ts";
import { expressApp, noteErrors } from "./_store-app.ts";

/** The callbacks of a store as promises: what it was called with. */
function promised(store: SessionStore) {
  const answered = <T>(run: (done: (error: unknown, value?: T) => void) => void): Promise<T | undefined> =>
    new Promise((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value))));
  return {
    get: (sid: string) => answered<StoredSession | null>((done) => store.get(sid, done)),
    set: (sid: string, session: object) => answered<void>((done) => store.set(sid, session, done)),
    touch: (sid: string, session: object) => answered<void>((done) => store.touch(sid, session, done)),
    destroy: (sid: string) => answered<void>((done) => store.destroy(sid, done)),
  };
}

function plainStore(options?: SessionStoreOptions) {
  const backend = new GatedBackend(new InMemorySessionBackend());
  const store = new SessionStore(backend, options);
  return { backend, store, ...promised(store) };
}

describe("called without a callback", () => {
  test("a set is found by the get after it, and a destroy by both", async () => {
    const { store, get } = plainStore();
    store.set("one", { cookie: {}, a: 1 });
    expect(await get("one")).toMatchObject({ a: 1 });
    store.set("one", { cookie: {}, a: 2 });
    store.destroy("one");
    expect(await get("one")).toBeNull();
    store.set("one", { cookie: {}, a: 3 });
    store.destroy("one");
    store.set("one", { cookie: {}, a: 4 });
    expect(await get("one")).toMatchObject({ a: 4 });
  });

  test("a call that fails holds up none after it, and no other session waits", async () => {
    const { backend, store, get } = plainStore();
    backend.fail(["create"]);
    store.set("one", { cookie: {}, a: 1 });
    expect(await get("one")).toBeNull();
    backend.mend();
    const held = backend.hold("create");
    store.set("two", { cookie: {}, a: 2 });
    await held.reached;
    expect(await get("one")).toBeNull();
    held.open();
    expect(await get("two")).toMatchObject({ a: 2 });
  });
});

describe("under express-session", () => {
  test("what a handler sees are express-session's own sessions and cookies, with all their methods", async () => {
    const made = await expressApp(new InMemorySessionBackend(), { cookie: { maxAge: 60_000 } });
    const seen: boolean[] = [];
    made.app.get("/look", (req, res, next) => {
      const { session } = req;
      const fresh = Object.create(req);
      req.sessionStore.generate(fresh);
      seen.push(
        session instanceof expressSession.Session,
        Object.getPrototypeOf(session.cookie) === Object.getPrototypeOf(fresh.session.cookie),
        session.cookie.expires instanceof Date,
        Math.abs(Number(session.cookie.originalMaxAge) - 60_000) < 1000,
        session.id === req.sessionID,
      );
      session.reload((error) => {
        seen.push(req.session !== session, req.session.a === "1");
        req.session.save(() => (error ? next(error) : res.json({})));
      });
    });
    const ann = made.visitor();
    await ann.get("/set/a/1");
    await ann.get("/look");
    expect(seen).toEqual(Array.from({ length: 7 }, () => true));
  });

  test("genid is asked with the request, which notices nothing of a session made aside", async () => {
    const genid = vi.fn((req: { url: string }) => `${req.url}-${genid.mock.calls.length}`);
    const made = await expressApp(new InMemorySessionBackend(), { genid });
    const ann = made.visitor();
    await ann.get("/set/a/1");
    const { sid } = ann;
    expect((await ann.get("/set/b/2")).body).toEqual({ a: "1", b: "2" });
    expect((await ann.get("/set/c/3")).body).toEqual({ a: "1", b: "2", c: "3" });
    expect(ann.sid).toBe(sid);
    expect(genid).toHaveBeenCalledTimes(2);
  });

  test("a store that is down is an error with status 503, and the session is there when it is up again", async () => {
    const made = await expressApp(new InMemorySessionBackend(), {}, { backendTimeout: 0.2 });
    noteErrors(made);
    const ann = made.visitor();
    await ann.get("/set/a/1");
    made.backend.fail(["read"]);
    expect((await ann.get("/")).status).toBe(503);
    made.backend.silence(["read"]);
    expect((await ann.get("/")).status).toBe(503);
    expect(made.errors).toEqual([expect.any(BackendError), expect.any(BackendError)]);
    expect(made.errors).toMatchObject([{ code: "backend_failed" }, { code: "backend_timeout" }]);
    made.backend.mend();
    expect(await ann.data()).toEqual({ a: "1" });
  });

  test("a save that fails goes to the error handler, and what was stored stays", async () => {
    const made = await expressApp(new InMemorySessionBackend());
    const ann = made.visitor();
    made.app.get("/save", (req, res, next) => {
      req.session.a = 2;
      req.session.save((error) => (error ? next(error) : res.json({})));
    });
    noteErrors(made);
    await ann.get("/set/a/1");
    made.backend.fail(["patch"]);
    expect((await ann.get("/save")).status).toBe(503);
    expect(made.errors[0]).toBeInstanceOf(BackendError);
    made.backend.mend();
    expect(await ann.data()).toEqual({ a: "1" });
  });

  test("express-session answers before it has saved: if that fails, only the error handler hears of it", async () => {
    const made = await expressApp(new InMemorySessionBackend());
    noteErrors(made);
    const ann = made.visitor();
    await ann.get("/set/a/1");
    made.backend.fail(["patch"]);
    expect((await ann.get("/set/a/2")).status).toBe(200);
    expect(made.errors).toEqual([expect.any(BackendError)]);
  });

  test("code without a request loads a session with its methods", async () => {
    const made = await expressApp(new InMemorySessionBackend());
    const ann = made.visitor();
    await ann.get("/set/a/1");
    const load = (sid: string) =>
      new Promise<(Session & { a: string }) | undefined>((resolve, reject) =>
        made.store.load<Session & { a: string }>(sid, (error, found) =>
          error ? reject(error) : resolve(found),
        ),
      );
    const found = await load(ann.sid);
    expect(found?.a).toBe("1");
    found!.a = "2";
    await new Promise((resolve) => found?.save(resolve));
    expect(await ann.data()).toEqual({ a: "2" });
    expect(await load("nobody's")).toBeUndefined();
  });
});

describe("by itself", () => {
  test("what JSON keeps comes back, and keys that are names of something are data", async () => {
    const { get, set } = plainStore();
    const data = JSON.parse(
      '{"cookie":{},"__proto__":{"a":1},"constructor":{"prototype":{}},"$rich":[1],"deep":{"$rich":[["Map"]]},"micropie":1}',
    );
    await set(
      "one",
      Object.assign(data, { at: new Date(0), none: undefined, list: [undefined, Number.NaN] }),
    );
    const found = (await get("one")) as StoredSession;
    expect(Object.keys(found).sort()).toEqual(
      ["cookie", "$rich", "__proto__", "at", "constructor", "deep", "list", "micropie"].sort(),
    );
    expect(found).toMatchObject({ $rich: [1], deep: { $rich: [["Map"]] }, at: "1970-01-01T00:00:00.000Z" });
    expect(found.list).toEqual([null, null]);
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  test("a cookie comes back with its attributes and its deadline", async () => {
    const { get, set } = plainStore();
    const attributes = { path: "/app", secure: true, sameSite: "lax", domain: "a.test", httpOnly: true };
    await set("one", { cookie: { ...attributes, maxAge: 60_000 } });
    const { cookie } = (await get("one")) as StoredSession;
    expect(cookie).toMatchObject({ ...attributes, originalMaxAge: 60_000 });
    expect(Math.abs(Number(cookie.expires) - Date.now() - 60_000)).toBeLessThan(30_000);
    await set("two", { cookie: { expires: new Date(Date.now() + 60_000).toISOString() } });
    expect((await get("two"))?.cookie.originalMaxAge).toBeGreaterThan(30_000);
    await set("three", { cookie: { originalMaxAge: null, expires: null } });
    expect((await get("three"))?.cookie).toEqual({ originalMaxAge: null, expires: null });
  });

  test("a millisecond that express-session lost of a maxAge is no change, and is not lost for good", async () => {
    const { backend, get, set, touch } = plainStore();
    await set("one", { cookie: { originalMaxAge: 60_000, maxAge: 60_000 }, a: 1 });
    for (let request = 0; request < 5; request++) {
      const session = (await get("one")) as StoredSession;
      expect(session.cookie.originalMaxAge).toBe(60_000);
      session.cookie.originalMaxAge = 59_999 - request;
      await (request % 2 === 0 ? touch("one", session) : set("one", session));
    }
    expect(backend.writes).toBe(1);
  });

  test("what JSON cannot write, and a user that is not an id, go to the callback", async () => {
    const { set, get } = plainStore({ userIdOf: (session) => session.user as string });
    await expect(set("one", { cookie: {}, big: 1n })).rejects.toThrow(TypeError);
    await expect(set(undefined as never, { cookie: {} })).rejects.toThrow(TypeError);
    await expect(set("one", { cookie: {}, user: { id: 1 } })).rejects.toThrow("userId");
    await expect(set("one", { cookie: {}, user: "\ud800" })).rejects.toThrow("userId");
    expect(await get("one")).toBeNull();
    await set("one", { cookie: {}, user: 7 });
    expect((await get("one"))?.user).toBe(7);
  });

  test("two saves of one request are stored in the order they were asked for", async () => {
    const { backend, get, set } = plainStore();
    await set("one", { cookie: {} });
    const session = (await get("one")) as StoredSession;
    const first = backend.hold("patch");
    session.n = 1;
    const saving = set("one", session);
    session.n = 2;
    const again = set("one", session);
    await first.reached;
    first.open();
    await Promise.all([saving, again]);
    expect((await get("one"))?.n).toBe(2);
  });

  test("what a request wrote after its save was merged is found against what it wrote", async () => {
    const { get, set } = plainStore();
    await set("one", { cookie: {} });
    const [mine, theirs] = [(await get("one")) as StoredSession, (await get("one")) as StoredSession];
    await set("one", Object.assign(theirs, { b: 1 }));
    await set("one", Object.assign(mine, { a: 1 }));
    delete mine.a;
    await set("one", Object.assign(mine, { c: 1 }));
    const { cookie, ...data } = (await get("one")) as StoredSession;
    expect(data).toEqual({ b: 1, c: 1 });
  });

  test("a session that is destroyed while it is being created is not there afterwards", async () => {
    const { backend, get, set, destroy } = plainStore();
    const creating = backend.hold("create");
    const saving = set("one", { cookie: {}, a: 1 });
    await creating.reached;
    const ending = destroy("one");
    creating.open();
    await Promise.all([saving, ending]);
    expect(await get("one")).toBeNull();
  });

  test("a save of a session that did not come from this store replaces it, and one under a new id is a new one", async () => {
    const { get, set } = plainStore();
    await set("one", { cookie: {}, a: 1, b: 1 });
    await set("one", { cookie: {}, b: 2, c: 2 });
    expect(await get("one")).toMatchObject({ b: 2, c: 2 });
    const session = (await get("one")) as StoredSession;
    expect(session.a).toBeUndefined();
    await set("two", session);
    expect(await get("two")).toMatchObject({ b: 2, c: 2 });
    expect(await get("one")).toMatchObject({ b: 2, c: 2 });
  });

  test("a record with another secret is not this session: it is neither answered nor written", async () => {
    const { backend, get, set } = plainStore();
    await set("one", { cookie: {}, a: 1 });
    const session = (await get("one")) as StoredSession;
    const handle = hash("sha256", "one", "base64url").slice(0, 16);
    const record = await backend.read(handle);
    const rotation = { secretHash: hash("sha256", "two", "base64url"), grace: 60, raiseEpoch: false };
    await backend.patch(handle, newPatch({}, { data: record!.data, rotation }));
    expect(await get("one")).toBeNull();
    await set("one", Object.assign(session, { a: 2 }));
    await expect(set("one", { cookie: {}, a: 3 })).rejects.toMatchObject({ code: "conflict" });
    expect((await backend.read(handle))?.data).toBe(record?.data);
  });

  test("a touch of a session that is unknown to the store moves its deadline, and brings none into being", async () => {
    const { backend, get, set, touch } = plainStore();
    await touch("one", { cookie: { maxAge: 1000 } });
    expect(await get("one")).toBeNull();
    await set("one", { cookie: { maxAge: 10_000 } });
    await touch("one", { cookie: { maxAge: 90_000 } });
    expect(backend.count("touch")).toBe(2);
    const { cookie } = (await get("one")) as StoredSession;
    expect(Number(cookie.expires) - Date.now()).toBeGreaterThan(30_000);
  });

  test("a callback is called once, after the method has returned, and may be left out", async () => {
    const { store, backend, get } = plainStore();
    const called = vi.fn();
    store.set("one", { cookie: {} }, called);
    store.get("two", called);
    expect(called).not.toHaveBeenCalled();
    await until(() => expect(called).toHaveBeenCalledTimes(2));
    backend.fail(["delete", "touch", "create"]);
    store.destroy("one");
    store.touch("one", { cookie: {} });
    store.set("three", { cookie: {} });
    await until(() => expect(backend.count("delete", "touch", "create")).toBe(4));
    expect(await get("one")).not.toBeNull();
  });

  test("wrong options are refused at the start, by their names", () => {
    const backend = new InMemorySessionBackend();
    const refused = (run: () => unknown, option: string) =>
      expect(run).toThrow(expect.objectContaining({ constructor: ConfigError, option }));
    refused(() => new SessionStore({} as never), "backend");
    refused(() => new SessionStore(backend, { timeouts: { idle: 0 } }), "timeouts.idle");
    refused(() => new SessionStore(backend, { timeouts: { idle: 200, absolute: 100 } }), "timeouts.idle");
    refused(() => new SessionStore(backend, { backendTimeout: -1 }), "backendTimeout");
    refused(() => new SessionStore(backend, { ttl: 5 } as object), "ttl");
    refused(() => new SessionStore(backend, { userIdOf: "user" } as never), "userIdOf");
    refused(() => new SessionStore(backend).generate({}), "store");
  });
});
