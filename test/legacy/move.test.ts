import {
  BackendError,
  createSessions,
  InMemorySessionBackend,
  info,
  login,
  logout,
  rotate,
  type SessionData,
  type SessionOptions,
} from "micropie";
import { browser, GatedBackend, virtualEnvironment, withClock } from "micropie/testing";
import { onEvent } from "micropie/testing/events";
import { describe, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { farewellsOf } from "../../src/core/sessions.ts";
import type { LegacyOptions } from "../../src/legacy/move.ts";
import { OldLibrary } from "./_old-library.ts";

const DAY = 86_400;
const REMOVAL = ["old=; Path=/; Max-Age=0", "old.sig=; Path=/; Max-Age=0"];
const byUser = (data: SessionData) => data.user as string | undefined;

interface Setup {
  old?: OldLibrary;
  legacy?: Partial<LegacyOptions>;
  options?: SessionOptions;
}

function setup({ old = new OldLibrary(), legacy = {}, options = {} }: Setup = {}) {
  const clock = virtualEnvironment();
  const store = new GatedBackend(withClock(new InMemorySessionBackend(), clock.now));
  const sessions = createSessions({ backend: store, legacy: old.options(legacy), ...options });
  const visitor = (cookie: string) => browser(sessions, cookie);
  return { old, clock, store, sessions, visitor };
}

function heard(...names: Parameters<typeof onEvent>[0][]): string[] {
  const events: string[] = [];
  for (const name of names) onTestFinished(onEvent(name, () => void events.push(name)));
  return events;
}

const copyOf = (session: object): object => ({ ...session });

describe("a session of another library", () => {
  test("moves at first sight: its data, a new cookie, its user's list; and the old record ends", async () => {
    const { old, sessions, store, visitor } = setup({ options: { userIdOf: byUser } });
    const events = heard("created", "adopted", "unknown", "rotated");
    const ann = visitor(old.visitor({ user: "ann", cart: [1] }));
    const session = await ann.begin();
    expect(copyOf(session)).toEqual({ user: "ann", cart: [1] });
    const line = await ann.end(session);
    expect(line).toMatch(/^session_id=[\w-]{48}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    expect(farewellsOf(session)).toEqual(REMOVAL);
    expect(old.records.size).toBe(0);
    expect(events).toEqual(["created", "adopted"]);
    expect((await sessions.list({ userId: "ann" }).toArray()).map(({ handle }) => handle)).toEqual([
      line!.slice(11, 27),
    ]);

    old.calls.length = 0;
    store.forget();
    const next = await ann.begin();
    expect(copyOf(next)).toEqual({ user: "ann", cart: [1] });
    expect(await ann.end(next)).toBeUndefined();
    expect(farewellsOf(next)).toEqual([]);
    expect([old.calls, store.calls]).toEqual([[], ["read"]]);
  });

  test("is like any other from then on: what the request itself writes is stored with it", async () => {
    const { old, visitor } = setup();
    const ann = visitor(old.visitor({ n: 1 }));
    await ann.request((session) => void Object.assign(session, { n: 2, more: true }));
    expect(await ann.request(copyOf)).toEqual({ n: 2, more: true });
  });

  test("that is forged is none, and costs no question to either store", async () => {
    const { old, store, sessions } = setup();
    old.visitor({ user: "ann" }, "ann");
    for (const header of ["old=ann.forged", "old=ann", "old=", "x=1; y=2"]) {
      const session = sessions.load(header);
      expect(session, "answered at once").not.toBeInstanceOf(Promise);
      expect({ ...(await session) }).toEqual({});
      expect(sessions.commit(await session)).toBeUndefined();
    }
    expect(store.calls).toEqual([]);
    expect(old.count("read")).toBe(0);
  });

  test("whose id was made up leaves nothing in the store, even at a logout", async () => {
    const { old, store, visitor } = setup();
    const ann = visitor("old=made-up.genuine");
    await ann.request((session) => logout(session));
    await ann.request((session) => logout(session));
    expect(store.writes).toBe(0);
    expect(old.count("end")).toBe(0);
  });

  test("whose record is gone is none, and nothing is written", async () => {
    const { old, store, visitor } = setup();
    const ann = visitor(old.visitor({ user: "ann" }, "ann"));
    old.records.clear();
    expect(await ann.request(copyOf)).toEqual({});
    expect(ann.received).toEqual([]);
    expect(store.writes).toBe(0);
  });

  test("without data is none: there is nothing to move", async () => {
    const { old, store, visitor } = setup();
    expect(await visitor(old.visitor({})).request(copyOf)).toEqual({});
    expect(store.writes).toBe(0);
  });

  test("is not looked for when the request has a live one of ours, nor by header, nor after `until`", async () => {
    const { old, clock, sessions } = setup({ options: { tokenHeader: "x-session" } });
    const cookie = old.visitor({ user: "ann" });
    const mine = browser(sessions);
    await mine.request((session) => void Object.assign(session, { mine: 1 }));
    old.calls.length = 0;
    expect({ ...(await sessions.load(`${cookie}; ${mine.cookie}`)) }).toEqual({ mine: 1 });
    expect({ ...(await sessions.load(cookie, { token: "new" })) }).toEqual({});
    expect({ ...(await sessions.load(cookie, { skip: true })) }).toEqual({});
    clock.advance(31 * DAY);
    expect({ ...(await sessions.load(cookie)) }).toEqual({});
    expect(old.calls).toEqual([]);
  });

  test("is looked for in every cookie and with every reader, in their order", async () => {
    const old = new OldLibrary();
    const older = new OldLibrary();
    const { sessions } = setup({ old, legacy: { readers: [old.reader(), older.reader()] } });
    const [one, two] = [old.visitor({ n: 1 }, "1"), older.visitor({ n: 2 }, "2")];
    expect({ ...(await sessions.load(`old=0.genuine; ${two}; ${one}`)) }).toEqual({ n: 1 });
    expect({ ...(await sessions.load(`old=0.genuine; ${two}`)) }).toEqual({ n: 2 });
  });

  test("is converted; one that `convert` gives nothing for stays where it is", async () => {
    const convert = async ({ uid, ...rest }: SessionData) =>
      uid === 7 ? undefined : { ...rest, user: `u${uid}` };
    const { old, store, visitor } = setup({ legacy: { convert }, options: { userIdOf: byUser } });
    const [six, seven] = [visitor(old.visitor({ uid: 6, a: 1 })), visitor(old.visitor({ uid: 7 }))];
    expect(await six.request((session) => [{ ...session }, info(session).userId])).toEqual([
      { a: 1, user: "u6" },
      "u6",
    ]);
    store.forget();
    expect(await seven.request(copyOf)).toEqual({});
    expect(store.writes).toBe(0);
    expect(old.records.size).toBe(1);
  });

  test("keeps a life of its own, within the limits of new sessions", async () => {
    const limits = async (options: SessionOptions, lifetime: object) => {
      const old = new OldLibrary();
      const reader = old.reader();
      const readers = [
        {
          ...reader,
          find: async (header: string) =>
            (await reader.find(header)).map((cookie) => ({
              ...cookie,
              read: async () => ({ data: { a: 1 }, lifetime }),
            })),
        },
      ];
      const { sessions, clock } = setup({ old, legacy: { readers }, options });
      const session = await sessions.load(old.visitor({ a: 1 }));
      const { expiresAt, absoluteExpiresAt, persistent } = info(session);
      return [expiresAt! - clock.now(), absoluteExpiresAt! - clock.now(), persistent];
    };
    expect(await limits({}, {})).toEqual([28_800, 30 * DAY, false]);
    expect(await limits({}, { idleTimeout: 14 * DAY, persistent: true })).toEqual([14 * DAY, 30 * DAY, true]);
    expect(await limits({}, { idleTimeout: Number.POSITIVE_INFINITY })).toEqual([30 * DAY, 30 * DAY, false]);
    expect(await limits({}, { idleTimeout: 0.01, absoluteTimeout: 90 * DAY })).toEqual([1, 30 * DAY, false]);
    expect(await limits({}, { idleTimeout: Number.NaN, absoluteTimeout: -1 })).toEqual([
      28_800,
      30 * DAY,
      false,
    ]);
    expect(await limits({ timeouts: "aal2" }, { idleTimeout: 14 * DAY })).toEqual([3600, DAY, false]);
  });

  test("may have any key", async () => {
    const { old, visitor } = setup();
    const data = JSON.parse('{"__proto__":{"admin":true},"constructor":1}') as SessionData;
    const ann = visitor(old.visitor(data));
    const found = await ann.request((session) => JSON.stringify(session));
    expect(found).toBe('{"__proto__":{"admin":true},"constructor":1}');
  });

  test("that does not fit the schema is mended by `migrate`, as stored data is", async () => {
    const schema = z.object({ user: z.string() });
    const migrate = (data: SessionData) => ({ user: String(data.uid) });
    const { old, visitor } = setup({ options: { schema, migrate } as SessionOptions });
    const ann = visitor(old.visitor({ uid: 5 }));
    expect(await ann.request(copyOf)).toEqual({ user: "5" });
  });

  test("that is too large is an error each time, and stays whole where it is", async () => {
    const { old, store, visitor } = setup({ options: { maxBytes: 10 } });
    const ann = visitor(old.visitor({ text: "x".repeat(20) }));
    for (let time = 0; time < 2; time++)
      await expect(ann.begin()).rejects.toMatchObject({ code: "too_large" });
    expect(store.writes).toBe(0);
    expect(old.records.size).toBe(1);
  });

  test("can be had alone", async () => {
    const { old, sessions, store } = setup();
    const cookie = old.visitor({ n: 1 });
    const first = await sessions.load(cookie, { exclusive: true });
    await expect(sessions.load(cookie, { exclusive: { wait: 0 } })).rejects.toMatchObject({
      code: "lock_timeout",
    });
    await sessions.commit(first);
    const second = await sessions.load(cookie, { exclusive: { wait: 0 } });
    expect(info(second).handle).toBe(info(first).handle);
    expect(store.count("lock")).toBeGreaterThan(1);
    sessions.discard(second);
  });
});

describe("when an answer is lost", () => {
  test("the old cookie stands for the same session, and the new one is promised again", async () => {
    const { old, sessions, visitor } = setup();
    const ann = visitor(old.visitor({ n: 1 }));
    const lost = await sessions.load(ann.cookie);
    Object.assign(lost, { n: 2 });
    const line = await sessions.commit(lost);
    const again = await ann.begin();
    expect(copyOf(again)).toEqual({ n: 2 });
    expect(await ann.end(again)).toBe(line);
    expect(farewellsOf(again)).toEqual(REMOVAL);
  });

  test("because the handler threw, nothing is promised, and the next request goes on from there", async () => {
    const { old, sessions, visitor } = setup();
    const ann = visitor(old.visitor({ n: 1 }));
    const failing = await ann.begin();
    Object.assign(failing, { n: 2 });
    const { handle } = info(failing);
    expect(sessions.discard(failing)).toBeUndefined();
    expect(await ann.request((session) => [{ ...session }, info(session).handle])).toEqual([
      { n: 1 },
      handle,
    ]);
    expect(ann.received).toHaveLength(1);
  });
});

describe("the old cookie, used again after its session moved", () => {
  const moved = async (stored: boolean) => {
    const made = setup({ old: new OldLibrary({ stored }) });
    const cookie = made.old.visitor({ n: 1 });
    const ann = made.visitor(cookie);
    await ann.request(() => {});
    return { ...made, cookie, ann };
  };

  for (const stored of [true, false]) {
    const kind = stored ? "of a library with a store" : "of a library without a store";

    test(`and was logged out, stands for nothing and writes nothing (${kind})`, async () => {
      const { ann, cookie, store, visitor } = await moved(stored);
      await ann.request(logout);
      store.forget();
      const thief = visitor(cookie);
      expect(await thief.request(copyOf)).toEqual({});
      expect(thief.received).toEqual([]);
      expect(store.writes).toBe(0);
    });

    test(`and was logged out by the first request of all, stands for nothing (${kind})`, async () => {
      const { old, sessions, visitor } = setup({ old: new OldLibrary({ stored }) });
      const cookie = old.visitor({ n: 1 });
      const session = await sessions.load(cookie);
      logout(session);
      expect(await sessions.commit(session)).toMatch(/^session_id=; Max-Age=0/);
      expect(farewellsOf(session)).toEqual(REMOVAL);
      expect(await visitor(cookie).request(copyOf)).toEqual({});
    });

    test(`and was signed in anew, is answered as anonymous without a cookie, then raises an event (${kind})`, async () => {
      const { ann, cookie, clock, sessions, visitor } = await moved(stored);
      await ann.request((session) => login(session, "ann"));
      const late = visitor(cookie);
      await late.request((session) => void Object.assign(session, { mine: 1 }));
      expect(late.received).toEqual([]);
      await late.request(logout);
      expect(late.received).toEqual([]);
      clock.advance(11);
      const events = heard("reused");
      expect(await late.request(copyOf)).toEqual({});
      expect(events).toEqual(["reused"]);
      await late.request(logout);
      expect(await ann.request(copyOf)).toEqual({ n: 1 });
      expect(await sessions.list({ userId: "ann" }).toArray()).toHaveLength(1);
    });

    test(`and got another id, works for a moment without a cookie, then no more (${kind})`, async () => {
      const { ann, cookie, clock, visitor } = await moved(stored);
      await ann.request((session) => rotate(session));
      const late = visitor(cookie);
      expect(await late.request(copyOf)).toEqual({ n: 1 });
      expect(late.received).toEqual([]);
      clock.advance(11);
      expect(await late.request(copyOf)).toEqual({});
    });

    test(`and expired, was revoked or emptied, stands for nothing (${kind})`, async () => {
      for (const end of ["expire", "revoke", "empty"]) {
        const { ann, cookie, clock, sessions, visitor } = await moved(stored);
        if (end === "expire") clock.advance(28_801);
        if (end === "revoke") await sessions.revoke({ handle: ann.cookie!.slice(11, 27) });
        if (end === "empty") await ann.request((session) => void delete (session as SessionData).n);
        expect([end, await visitor(cookie).request(copyOf)]).toEqual([end, {}]);
      }
    });
  }
});

describe("when a store fails", () => {
  test("it is an error, not a session without data, and the next request finds everything", async () => {
    for (const broken of ["read", "create", "patch", "old read", "old end"] as const) {
      const { old, store, visitor } = setup();
      const ann = visitor(old.visitor({ n: 1 }));
      if (broken === "old read" || broken === "old end")
        old.broken.add(broken === "old read" ? "read" : "end");
      else store.fail([broken]);
      await expect(ann.begin(), broken).rejects.toThrow(BackendError);
      old.broken.clear();
      store.mend();
      expect(await ann.request(copyOf), broken).toEqual({ n: 1 });
      expect(old.records.size, broken).toBe(0);
    }
  });

  test("with `outage` anonymous the session is empty, and cannot be written", async () => {
    const { old, visitor } = setup({ options: { whenDown: "anonymous" } });
    const ann = visitor(old.visitor({ n: 1 }));
    old.broken.add("read");
    expect(await ann.request(copyOf)).toEqual({});
    old.broken.clear();
    expect(await ann.request(copyOf)).toEqual({ n: 1 });
  });

  test("while the cookie is about to go, it stays behind for the next answer", async () => {
    const { old, store, visitor } = setup();
    const ann = visitor(old.visitor({ n: 1 }));
    const session = await ann.begin();
    store.fail(["read"]);
    expect(await ann.end(session)).toBeUndefined();
    store.mend();
    expect(await ann.request(copyOf)).toEqual({ n: 1 });
    expect(ann.received).toHaveLength(1);
  });
});
