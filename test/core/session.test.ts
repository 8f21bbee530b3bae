import {
  createSessions,
  exclusive,
  info,
  login,
  logout,
  rotate,
  type Session,
  StateError,
  save,
  take,
  update,
} from "micropie";
import { expect, expectTypeOf, test } from "vitest";
import { replaceData } from "../../src/core/session.ts";

interface Data {
  visits: number;
  cart: string[];
  user: { name: string };
}

test("a session is plain data without inherited names", async () => {
  const session = await createSessions().load(undefined);
  expect(Object.keys(session)).toEqual([]);
  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    expect(session[name], name).toBeUndefined();
    expect(name in session, name).toBe(false);
  }
  const name = "__proto__";
  session[name] = { admin: true };
  expect(session.admin).toBeUndefined();
  expect(JSON.stringify(session)).toBe('{"__proto__":{"admin":true}}');
  expect({ ...session }).toEqual(JSON.parse('{"__proto__":{"admin":true}}'));
});

test("reads are possibly undefined, and verbs know the types", async () => {
  const sessions = createSessions<Data>();
  const session = await sessions.load(undefined);
  expectTypeOf(session).toEqualTypeOf<Session<Data>>();
  expectTypeOf(session.visits).toEqualTypeOf<number | undefined>();
  expectTypeOf(session.user?.name).toEqualTypeOf<string | undefined>();
  const visits = await update(session, "visits", (n = 0) => n + 1);
  expectTypeOf(visits).toEqualTypeOf<number>();
  expect(visits).toBe(1);
  // @ts-expect-error: there is no such key
  await update(session, "vists", () => 1);
  // @ts-expect-error: a cart is no number
  session.cart = 1;
  expectTypeOf(take(session, "cart")).toEqualTypeOf<Promise<string[] | undefined>>();
});

test("anything but a session of ours is refused by every verb", async () => {
  const copy = { ...(await createSessions().load(undefined)) };
  const wrong = expect.objectContaining({ constructor: StateError, code: "not_live" });
  for (const thing of [copy, {}, Object.create(null), new Proxy({}, {}), null, undefined, 1]) {
    const session = thing as Session<{ a: number }>;
    for (const verb of [
      rotate,
      logout,
      info,
      (s: typeof session) => login(s, "ann"),
      (s: object) => replaceData(s, {}),
    ]) {
      expect(() => verb(session)).toThrow(wrong);
    }
    await expect(save(session)).rejects.toThrow(wrong);
    await expect(update(session, "a", () => 1)).rejects.toThrow(wrong);
    await expect(exclusive(session, () => 1)).rejects.toThrow(wrong);
  }
});

test("a request that failed is over", async () => {
  const sessions = createSessions();
  const session = await sessions.load(undefined);
  session.visits = 1;
  await sessions.discard(session);
  expect(() => sessions.commit(session)).toThrow(expect.objectContaining({ code: "not_live" }));
});

test("login wants the id of a user", async () => {
  const session = await createSessions().load(undefined);
  for (const id of ["", "\ud800", Number.NaN, undefined, null, {}])
    expect(() => login(session, id as string)).toThrow(
      expect.objectContaining({ code: "user_id", status: 400 }),
    );
});

test("nothing takes back a logout", async () => {
  const sessions = createSessions();
  const session = await sessions.load(undefined);
  session.visits = 1;
  const cookie = (await sessions.commit(session))!.split(";")[0]!;
  const again = await sessions.load(cookie);
  logout(again);
  again.visits = 2;
  expect(() => login(again, "ann")).toThrow(expect.objectContaining({ code: "ended" }));
  expect(() => rotate(again)).toThrow(expect.objectContaining({ code: "ended" }));
  await expect(update(again, "visits", () => 3)).rejects.toThrow(expect.objectContaining({ code: "ended" }));
  expect(await sessions.commit(again)).toContain("Max-Age=0");
  expect({ ...(await sessions.load(cookie)) }).toEqual({});
});

test("info tells what is stored", async () => {
  const sessions = createSessions({ timeouts: { idle: 100, absolute: 200 } });
  const session = await sessions.load(undefined);
  expect(info(session)).toMatchObject({ handle: undefined, stored: false, userId: undefined });
  login(session, "ann", { timeouts: { idle: 50, absolute: 60 }, remember: true });
  const cookie = (await sessions.commit(session))!;
  expect(cookie).toContain("Max-Age=60;");
  const about = info(session);
  expect(about).toMatchObject({ stored: true, userId: "ann", persistent: true });
  expect(about.expiresAt! - about.createdAt!).toBeCloseTo(50);
  expect(about.absoluteExpiresAt! - about.createdAt!).toBeCloseTo(60);
  expect(cookie).toContain(`=${about.handle}`);
});
