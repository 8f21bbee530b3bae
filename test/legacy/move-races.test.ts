import {
  ConfigError,
  createSessions,
  InMemorySessionBackend,
  info,
  login,
  logout,
  rotate,
  type SessionData,
} from "micropie";
import { moveSessions } from "micropie/legacy/move";
import { browser, GatedBackend, virtualEnvironment, withClock } from "micropie/testing";
import { onEvent } from "micropie/testing/events";
import { describe, expect, onTestFinished, test } from "vitest";
import { replaceData } from "../../src/core/session.ts";
import { farewellsOf } from "../../src/core/sessions.ts";
import { OldLibrary } from "./_old-library.ts";

const REMOVAL = ["old=; Path=/; Max-Age=0", "old.sig=; Path=/; Max-Age=0"];

function setup(old: OldLibrary = new OldLibrary({ stored: false })) {
  const clock = virtualEnvironment();
  const inner = withClock(new InMemorySessionBackend(), clock.now);
  const store = new GatedBackend(inner);
  /** Another server: its calls of the store are held apart from those of the others. */
  const server = () => {
    const backend = new GatedBackend(inner);
    return { backend, sessions: createSessions({ backend, legacy: old.options() }) };
  };
  const sessions = createSessions({ backend: store, legacy: old.options() });
  return { old, clock, store, inner, server, sessions };
}

const copyOf = (session: object): object => ({ ...session });

describe("requests that overlap at the first sight", () => {
  test("meet in one session, whichever of them stores it", async () => {
    for (const verb of ["read", "create", "patch"] as const) {
      const { old, inner, server } = setup();
      const cookie = old.visitor({ n: 1 });
      const [one, two] = [server(), server()];
      const gate = one.backend.hold(verb);
      const slow = one.sessions.load(cookie);
      await gate.reached;
      const fast = await two.sessions.load(cookie);
      gate.open();
      expect(info(await slow).handle, verb).toBe(info(fast).handle);
      expect({ ...(await slow) }).toEqual({ n: 1 });
      const lines = await Promise.all([one.sessions.commit(await slow), two.sessions.commit(fast)]);
      expect(lines[0]).toBe(lines[1]);
      expect(inner.size, "the session and its marker").toBe(2);
    }
  });

  test("and a logout: what the client then sends to the store once more opens nothing, and is in no list", async () => {
    const { old, inner, sessions } = setup();
    const cookie = old.visitor({ n: 1 });
    const made: Parameters<typeof inner.create>[] = [];
    const create = inner.create.bind(inner);
    inner.create = (...args) => {
      made.push(args);
      return create(...args);
    };
    const ann = browser(sessions, cookie);
    await ann.request(() => {});
    await ann.request(logout);
    expect(made).toHaveLength(2);
    expect(create(...made[0]!)).toBe(true);
    expect(await sessions.list().toArray()).toEqual([]);
    expect({ ...(await sessions.load(cookie)) }).toEqual({});
    expect(inner.size, "the marker alone").toBe(1);
  });

  test("and a logout in between: what comes to store it later finds it ended, and leaves nothing", async () => {
    const { old, inner, server, sessions } = setup();
    const cookie = old.visitor({ n: 1 });
    const late = server();
    const gate = late.backend.hold("create");
    const coming = late.sessions.load(cookie);
    await gate.reached;
    const ann = browser(sessions, cookie);
    await ann.request(() => {});
    await ann.request(logout);
    const adopted: unknown[] = [];
    onTestFinished(onEvent("adopted", (event) => adopted.push(event)));
    gate.open();
    expect({ ...(await coming) }).toEqual({});
    expect(inner.size, "the marker alone").toBe(1);
    expect(adopted).toEqual([]);
    expect(await browser(sessions, cookie).request(copyOf)).toEqual({});
  });

  test("and a logout in between: nobody gets what was stored late, not even for a moment", async () => {
    const { old, server, sessions } = setup();
    const cookie = old.visitor({ n: 1 });
    const [late, thief] = [server(), server()];
    const stored = late.backend.hold("create");
    const coming = late.sessions.load(cookie);
    await stored.reached;
    const ann = browser(sessions, cookie);
    await ann.request(() => {});
    await ann.request(logout);
    // The record is there now, and its marker is still to be looked at.
    const marking = late.backend.hold("delete");
    stored.open();
    await marking.reached;
    expect({ ...(await thief.sessions.load(cookie)) }).toEqual({});
    marking.open();
    expect({ ...(await coming) }).toEqual({});
  });

  test("a sign-in in one of them: the other sets no cookie and writes nothing", async () => {
    for (const writes of [false, true]) {
      const { old, sessions, server } = setup();
      const cookie = old.visitor({ n: 1 });
      const slow = server();
      const open = await slow.sessions.load(cookie);
      const ann = browser(sessions, cookie);
      await ann.request((session) => login(session, "ann"));
      if (writes) Object.assign(open, { n: 2 });
      expect(await slow.sessions.commit(open)).toBeUndefined();
      expect(await ann.request(copyOf)).toEqual({ n: 1 });
    }
  });

  test("a rotation or the end in one of them: the other sets no cookie, and what it writes is kept or dropped", async () => {
    const { old, sessions, server, clock } = setup();
    const cookie = old.visitor({ n: 1 });
    const slow = server();
    const open = await slow.sessions.load(cookie);
    const ann = browser(sessions, cookie);
    await ann.request((session) => rotate(session));
    Object.assign(open, { m: 2 });
    expect(await slow.sessions.commit(open)).toBeUndefined();
    clock.advance(11);
    expect(await ann.request(copyOf)).toEqual({ n: 1, m: 2 });

    const other = old.visitor({ n: 2 });
    const slower = await slow.sessions.load(other);
    const bob = browser(sessions, other);
    await bob.request(logout);
    expect(await slow.sessions.commit(slower)).toBeUndefined();
  });

  test("signing in with the first request of all gives one cookie, the new one", async () => {
    const { old, sessions } = setup();
    const cookie = old.visitor({ n: 1 });
    const session = await sessions.load(cookie);
    login(session, "ann");
    const line = await sessions.commit(session);
    expect(farewellsOf(session)).toEqual(REMOVAL);
    expect({ ...(await sessions.load(line!.split(";")[0])) }).toEqual({ n: 1 });
    expect({ ...(await sessions.load(cookie)) }).toEqual({});
  });
});

describe("signing out", () => {
  test("ends what else the request carries: an old session that had not moved, and one that had", async () => {
    for (const stored of [true, false]) {
      const { old, sessions, inner } = setup(new OldLibrary({ stored }));
      const [unmoved, moved] = [old.visitor({ n: 1 }), old.visitor({ n: 2 })];
      await browser(sessions, moved).request(() => {});
      const ann = browser(sessions);
      await ann.request((session) => void Object.assign(session, { n: 3 }));
      const session = await sessions.load(`${unmoved}; ${ann.cookie}; ${moved}`);
      expect({ ...session }).toEqual({ n: 3 });
      logout(session);
      expect(await sessions.commit(session)).toMatch(/^session_id=; Max-Age=0/);
      expect(farewellsOf(session)).toEqual(REMOVAL);
      for (const cookie of [unmoved, moved]) expect({ ...(await sessions.load(cookie)) }).toEqual({});
      expect(inner.size, "two markers").toBe(2);
      expect(old.records.size).toBe(stored ? 0 : 2);
    }
  });

  test("of nobody takes the old cookies away too", async () => {
    const old = new OldLibrary();
    const sessions = createSessions({ legacy: old.options({ convert: () => undefined }) });
    const cookie = old.visitor({ n: 1 });
    const session = await sessions.load(cookie);
    logout(session);
    expect(await sessions.commit(session)).toMatch(/^session_id=; Max-Age=0/);
    expect(farewellsOf(session)).toEqual(REMOVAL);
    expect(old.records.size).toBe(0);
  });

  test("by emptying the session, or by a user who is gone from it, does that as well", async () => {
    const userId = (data: SessionData) => data.user as string | undefined;
    const outs: ((session: SessionData) => void)[] = [
      (session) => void delete session.user,
      (session) => void Object.assign(session, { user: undefined, notice: "bye" }),
      (session) => replaceData(session, {}),
    ];
    for (const [index, out] of outs.entries()) {
      const old = new OldLibrary();
      const sessions = createSessions({ legacy: old.options(), ...(index < 2 ? { userIdOf: userId } : {}) });
      const ann = browser<SessionData>(sessions);
      await ann.request((session) => void Object.assign(session, { user: "ann" }));
      const cookie = old.visitor({ user: "ann" });
      const session = await sessions.load(`${cookie}; ${ann.cookie}`);
      out(session);
      await sessions.commit(session);
      expect({ ...(await sessions.load(cookie)) }).toEqual({});
    }
  });

  test("waits for the old store: if that is down, nothing has ended", async () => {
    const { old, sessions } = setup(new OldLibrary());
    const cookie = old.visitor({ n: 1 });
    const ann = browser(sessions);
    await ann.request((session) => void Object.assign(session, { n: 3 }));
    const mine = ann.cookie!;
    const session = await sessions.load(`${cookie}; ${mine}`);
    logout(session);
    old.broken.add("end");
    await expect((async () => sessions.commit(session))()).rejects.toMatchObject({ status: 503 });
    expect({ ...(await sessions.load(mine)) }).toEqual({ n: 3 });
    old.broken.clear();
    const again = await sessions.load(`${cookie}; ${mine}`);
    logout(again);
    await sessions.commit(again);
    expect({ ...(await sessions.load(`${cookie}; ${mine}`)) }).toEqual({});
  });
});

describe("a cookie that nothing tells from another", () => {
  test("begins a session of its own each time: two visitors with the same data stay two", async () => {
    const old = new OldLibrary({ stored: false, known: false });
    const { sessions, inner } = setup(old);
    const cookie = old.visitor({ views: 1 });
    const [ann, bob] = [browser(sessions, cookie), browser(sessions, cookie)];
    await ann.request((session) => void Object.assign(session, { secret: "ann's" }));
    expect(await bob.request(copyOf)).toEqual({ views: 1 });
    expect(ann.cookie).not.toBe(bob.cookie);
    await ann.request(logout);
    expect(await bob.request(copyOf)).toEqual({ views: 1 });
    expect(inner.size).toBe(1);
  });

  test("is on its user's list, and goes with the answer", async () => {
    const old = new OldLibrary({ stored: false, known: false });
    const sessions = createSessions({
      legacy: old.options(),
      userIdOf: (data: SessionData) => data.user as string,
    });
    const session = await sessions.load(old.visitor({ user: "ann" }));
    expect(await sessions.commit(session)).toMatch(/^session_id=[\w-]{48};/);
    expect(farewellsOf(session)).toEqual(REMOVAL);
    expect(await sessions.list({ userId: "ann" }).toArray()).toHaveLength(1);
  });
});

describe("the option", () => {
  test("names what is wrong with it", () => {
    const reader = new OldLibrary().reader();
    const until = new Date();
    const wrong: [string, object][] = [
      ["legacy.readers", { until }],
      ["legacy.readers", { until, readers: [] }],
      ["legacy.readers", { until, readers: [reader, { find: 1 }] }],
      ["legacy.readers", { until, readers: reader }],
      ["legacy.until", { readers: [reader] }],
      ["legacy.until", { readers: [reader], until: new Date("soon") }],
      ["legacy.until", { readers: [reader], until: "2027-01-01" }],
      ["legacy.convert", { readers: [reader], until, convert: "user" }],
    ];
    for (const [option, legacy] of wrong) {
      let thrown: unknown;
      try {
        createSessions({ legacy: moveSessions(legacy as never) });
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(ConfigError);
      expect((thrown as ConfigError).option).toBe(option);
    }
  });

  test("a removal that would take our own cookie away is left out", async () => {
    const old = new OldLibrary();
    const reader = { ...old.reader(), removal: ["sid=; Path=/; Max-Age=0", "sid=; Path=/old; Max-Age=0"] };
    const sessions = createSessions({ cookie: { name: "sid" }, legacy: old.options({ readers: [reader] }) });
    const session = await sessions.load(old.visitor({ n: 1 }));
    expect(await sessions.commit(session)).toMatch(/^sid=[\w-]{48};/);
    expect(farewellsOf(session)).toEqual(["sid=; Path=/old; Max-Age=0"]);
  });

  test("a reader whose fingerprints could be guessed is refused before anything is stored", async () => {
    const old = new OldLibrary();
    const reader = old.reader();
    const find = async (header: string) =>
      (await reader.find(header)).map((cookie) => ({ ...cookie, fingerprint: "7" }));
    const sessions = createSessions({ legacy: old.options({ readers: [{ ...reader, find }] }) });
    await expect(sessions.load(old.visitor({ n: 1 }))).rejects.toThrow(/fingerprint/);
    expect(old.count("read")).toBe(0);
  });
});
