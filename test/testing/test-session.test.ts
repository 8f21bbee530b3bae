import { exclusive, info, login, logout, rotate, type Session, save, take, update } from "micropie";
import { testSession } from "micropie/testing";
import { expect, test, vi } from "vitest";

interface Data {
  visits: number;
  cart: string[];
  notice: string;
  at: Date;
}

test("a session for a unit test has the data and the user, and is stored", () => {
  const session: Session<Data> = testSession<Data>({ visits: 1, at: new Date(7) }, { userId: "ann" });
  expect({ ...session }).toEqual({ visits: 1, at: new Date(7) });
  expect(info(session)).toMatchObject({ userId: "ann", stored: true });
  expect(info(session).signedInAt).toBeCloseTo(Date.now() / 1000, -1);
});

test("without data and user it is new, as on a first visit", () => {
  const session = testSession<Data>();
  expect({ ...session }).toEqual({});
  expect(info(session)).toMatchObject({ userId: undefined, stored: false });
});

test("with data alone nobody is signed in; a number is a user's id too", () => {
  expect(info(testSession({ visits: 1 })).userId).toBeUndefined();
  expect(info(testSession({}, { userId: 7 })).userId).toBe("7");
});

test("every verb works on it, one after the other", async () => {
  const session = testSession<Data>({ visits: 1, cart: ["tea"], notice: "saved!" });
  session.cart?.push("milk");
  await save(session);
  expect(await update(session, "visits", (visits = 0) => visits + 1)).toBe(2);
  expect(await take(session, "notice")).toBe("saved!");
  await exclusive(session, async () => {
    session.visits = (session.visits ?? 0) + 1;
  });
  rotate(session, "elevated");
  login(session, "ann");
  await save(session);
  expect(info(session)).toMatchObject({ userId: "ann", stored: true });
  expect({ ...session }).toEqual({ visits: 3, cart: ["tea", "milk"] });
  logout(session);
  await save(session);
  expect(info(session)).toMatchObject({ userId: undefined, stored: false });
  expect({ ...session }).toEqual({});
});

test("what the test gave is copied, and two sessions are strangers", async () => {
  const given = { cart: ["tea"] };
  const one = testSession<Data>(given, { userId: "ann" });
  const other = testSession<Data>(given, { userId: "ann" });
  one.cart?.push("milk");
  await save(one);
  expect(given.cart).toEqual(["tea"]);
  expect(other.cart).toEqual(["tea"]);
  expect(info(one).handle).not.toBe(info(other).handle);
});

test("keys with names of prototypes are data", () => {
  const session = testSession(JSON.parse('{"__proto__":{"a":1},"constructor":2}') as object);
  expect(Object.keys(session)).toEqual(["__proto__", "constructor"]);
  expect(({} as { a?: number }).a).toBeUndefined();
});

test("it works under fake timers", async () => {
  vi.useFakeTimers();
  try {
    const session = testSession<Data>({ visits: 1 });
    expect(await update(session, "visits", (visits = 0) => visits + 1)).toBe(2);
  } finally {
    vi.useRealTimers();
  }
});

test("wrong arguments are refused with what to pass", () => {
  const wrong = testSession as (...args: unknown[]) => unknown;
  for (const data of [null, "ann", ["tea"], 7])
    expect(() => wrong(data)).toThrow(
      new TypeError("testSession: pass the session's data as an object, such as { visits: 1 }."),
    );
  expect(() => wrong({}, "ann")).toThrow(
    new TypeError("testSession: pass { userId } as the second argument, or nothing."),
  );
  expect(() => wrong({}, null)).toThrow(TypeError);
  expect(() => wrong({}, { user: "ann" })).toThrow("Valid options: userId");
  expect(() => wrong({}, { userId: "" })).toThrow("testSession: pass a user's id");
  expect(() => wrong({ run: () => 1 })).toThrow("run");
});

test("where a session is taken, its data needs no type argument", () => {
  const count = (session: Session<Data>): number => (session.cart?.length ?? 0) + (session.visits ?? 0);
  expect(count(testSession({ visits: 1 }))).toBe(1);
  expect(count(testSession())).toBe(0);
  // @ts-expect-error: visits is a number.
  count(testSession({ visits: "many" }));
});

test("a copy of it is no session, for the compiler either", () => {
  const session = testSession<Data>({ visits: 1 });
  // @ts-expect-error: a copy has no brand.
  expect(() => login({ ...session }, "ann")).toThrow("not a session");
});
