import { hash } from "node:crypto";
import { createSessions, InMemorySessionBackend } from "micropie";
import { SessionStore, type SessionStoreOptions, type StoredSession } from "micropie/compat/store";
import { GatedBackend, virtualEnvironment, withClock } from "micropie/testing";
import { onEvent } from "micropie/testing/events";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { onEveryBackend } from "../backends/_every-backend.ts";
import { type ExpressApp, expressApp, type Visitor } from "./_store-app.ts";

type Options = Parameters<typeof expressApp> extends [unknown, ...infer Rest] ? Rest : never;

const handleFor = (sid: string): string => hash("sha256", sid, "base64url").slice(0, 16);
const handleOf = (ann: Visitor): string => handleFor(ann.sid);

async function leftOf({ backend }: ExpressApp, ann: Visitor): Promise<number | undefined> {
  const record = await backend.read(handleOf(ann));
  return record && Math.round(record.expiresAt - record.now);
}

await onEveryBackend((create) => {
  const make = async (...options: Options) => {
    const { backend, advance } = await create();
    return { ...(await expressApp(backend, ...options)), advance };
  };

  test("a session lives for its cookie's maxAge after the last request", async () => {
    const made = await make({ cookie: { maxAge: 1_000_000 } });
    const ann = made.visitor();
    await ann.get("/set/a/1");
    expect(await leftOf(made, ann)).toBe(1000);
    for (let request = 0; request < 3; request++) {
      await made.advance(600);
      expect(await ann.data()).toEqual({ a: "1" });
      expect(await leftOf(made, ann)).toBe(1000);
    }
    await made.advance(1000);
    expect(await ann.data()).toEqual({});
  });

  test("a session whose cookie ends with the browser lives for timeouts.idle, eight hours by default", async () => {
    const made = await make();
    const ann = made.visitor();
    expect((await ann.get("/set/a/1")).setCookie[0]).not.toContain("Expires");
    expect(await leftOf(made, ann)).toBe(28_800);
    const short = await make({}, { timeouts: { idle: 50 } });
    const bob = short.visitor();
    await bob.get("/set/a/1");
    expect(await leftOf(short, bob)).toBe(50);
    await short.advance(50);
    expect(await bob.data()).toEqual({});
  });

  test("reading touches the store at most once in a 20th of the timeout, and writes no data", async () => {
    const made = await make({ cookie: { maxAge: 1_000_000 } });
    const ann = made.visitor();
    await ann.get("/set/a/1");
    made.backend.forget();
    await ann.data();
    await made.advance(49);
    await ann.data();
    expect(made.backend.calls).toEqual(["read", "read"]);
    await made.advance(1);
    await ann.data();
    expect(made.backend.calls).toEqual(["read", "read", "read", "touch"]);
  });

  test("resave of a session that did not change writes no data either", async () => {
    const made = await make({ resave: true });
    const ann = made.visitor();
    await ann.get("/set/a/1");
    made.backend.forget();
    await ann.data();
    await ann.get("/set/a/1");
    expect(made.backend.calls).toEqual(["read", "read"]);
  });

  test("a maxAge of its own, longer or shorter, is the session's from then on, in the store too", async () => {
    const made = await make({ rolling: true });
    const ann = made.visitor();
    await ann.get("/set/a/1");
    for (const [ms, left] of [
      [2_000_000_000, 2_000_000],
      [100_000, 100],
    ]) {
      await ann.get(`/age/${ms}`);
      expect(await leftOf(made, ann)).toBe(left);
      const { setCookie } = await ann.get("/");
      expect(Date.parse(/Expires=([^;]*)/.exec(setCookie[0]!)![1]!) / 1000 - Date.now() / 1000).toBeCloseTo(
        left!,
        -1,
      );
    }
    expect(await ann.data()).toEqual({ a: "1" });
    await made.advance(100);
    expect(await ann.data()).toEqual({});
  });

  test("a maxAge that is over ends the session", async () => {
    const made = await make();
    const ann = made.visitor();
    await ann.get("/set/a/1");
    await ann.get("/age/-1000");
    expect(await made.backend.read(handleOf(ann))).toBeUndefined();
  });

  test("without an absolute timeout a session that is used does not end; with one it does", async () => {
    const forever = await make({ cookie: { maxAge: 86_400_000 } });
    const limited = await make({ cookie: { maxAge: 86_400_000 } }, { timeouts: { absolute: 100_000 } });
    const [ann, bob] = [forever.visitor(), limited.visitor()];
    await Promise.all([ann.get("/set/a/1"), bob.get("/set/a/1")]);
    for (let day = 0; day < 40; day++) {
      await forever.advance(80_000);
      await ann.data();
    }
    expect(await ann.data()).toEqual({ a: "1" });
    await limited.advance(80_000);
    expect(await bob.data()).toEqual({ a: "1" });
    await bob.get("/age/90000000");
    await limited.advance(19_000);
    expect(await bob.data()).toEqual({ a: "1" });
    await limited.advance(1001);
    expect(await bob.data()).toEqual({});
  });

  test("with userId, a user's sessions are listed and revoked", async () => {
    const made = await make({}, { userIdOf: (session) => session.user });
    const { backend, visitor } = made;
    const sessions = createSessions({ backend });
    const [phone, laptop, other] = [visitor(), visitor(), visitor()];
    await phone.get("/login/ann");
    await laptop.get("/set/a/1");
    await laptop.get("/become/ann");
    await other.get("/login/bob");
    const listed = await sessions.list({ userId: "ann" }).toArray();
    expect(listed.map(({ handle }) => handle).sort()).toEqual([handleOf(phone), handleOf(laptop)].sort());
    expect(listed.find(({ handle }) => handle === handleOf(laptop))?.data).toMatchObject({
      a: "1",
      user: "ann",
    });
    expect(await sessions.revoke({ userId: "ann" })).toBe(2);
    expect(await phone.data()).toEqual({});
    expect(await laptop.data()).toEqual({});
    expect(await other.data()).toEqual({ user: "bob" });
    await other.get("/become/ann");
    expect(await sessions.revoke({ userId: "bob" })).toBe(0);
    expect(await sessions.revoke({ userId: "ann" })).toBe(1);
  });

  test("what was begun before a sign-in is dropped, and says so in an event", async () => {
    const made = await make({}, { userIdOf: (session) => session.user });
    const ann = made.visitor();
    await ann.get("/set/a/1");
    const discarded: unknown[] = [];
    onTestFinished(onEvent("discarded", (event) => discarded.push(event)));
    const working = ann.tab().get("/slow/late/1");
    await made.slow.reached;
    await ann.get("/become/ann");
    made.slow.open();
    await working;
    expect(await ann.data()).toEqual({ a: "1", user: "ann" });
    expect(discarded).toEqual([
      { handle: handleOf(ann), userId: null, reason: "stale", realm: "session_id" },
    ]);
  });
});

test("a sign-in to a session that ended meanwhile is an error, for nobody is signed in", async () => {
  const made = await expressApp(new InMemorySessionBackend(), {}, { userIdOf: (session) => session.user });
  const { store } = made;
  const session = { cookie: {}, user: "ann" };
  const set = (sid: string, data: object) =>
    new Promise((resolve) => store.set(sid, data, (error) => resolve(error)));
  const get = (sid: string) =>
    new Promise<typeof session>((resolve) => store.get<typeof session>(sid, (_, data) => resolve(data!)));
  expect(await set("one", { cookie: {} })).toBeNull();
  const [first, second] = [await get("one"), await get("one")];
  expect(await set("one", Object.assign(first, { user: "ann" }))).toBeNull();
  expect(await set("one", Object.assign(second, { user: "bob" }))).toMatchObject({ code: "conflict" });
  const third = await get("one");
  await new Promise((resolve) => store.destroy("one", resolve));
  expect(await set("one", Object.assign(third, { user: "bob" }))).toMatchObject({ code: "ended" });
  expect(await get("one")).toBeNull();
});

describe("a session that is held for long, as by a WebSocket", () => {
  const held = async (options: SessionStoreOptions) => {
    const clock = virtualEnvironment();
    const backend = new GatedBackend(withClock(new InMemorySessionBackend(), clock.now));
    const store = new SessionStore(backend, options);
    const { now } = performance;
    const began = clock.now();
    const spy = vi
      .spyOn(performance, "now")
      .mockImplementation(() => now.call(performance) + (clock.now() - began) * 1000);
    onTestFinished(() => spy.mockRestore());
    const set = (session: object) => new Promise((resolve) => store.set("one", session, resolve));
    const get = () => new Promise<StoredSession>((resolve) => store.get("one", (_, data) => resolve(data!)));
    await set({ cookie: {} });
    const session = await get();
    return { backend, clock, set, get, session };
  };

  test("lives on with each save, though nothing changed, and costs no more touches than any other", async () => {
    const { backend, clock, set, get, session } = await held({ timeouts: { idle: 100 } });
    for (let save = 0; save < 10; save++) {
      clock.advance(40);
      await set(session);
      await set(session);
    }
    expect(await get()).not.toBeNull();
    expect(backend.count("touch")).toBe(10);
    expect(backend.count("patch")).toBe(0);
  });

  test("keeps its absolute deadline, whatever it changes and then makes of its maxAge", async () => {
    const { backend, clock, set, session } = await held({ timeouts: { idle: 900, absolute: 1000 } });
    const deadline = async () => (await backend.read(handleFor("one")))?.absoluteExpiresAt;
    const before = await deadline();
    for (let save = 1; save <= 3; save++) {
      clock.advance(100);
      await set(Object.assign(session, { save }));
      session.cookie.originalMaxAge = 500_000 + save * 1000;
      await set(session);
    }
    expect(await deadline()).toBeCloseTo(before!, 0);
  });
});
