import { createSessions, exclusive, logout, type Session, update } from "micropie";
import { stateOf } from "micropie/core/opened";
import { describe, expect, test } from "vitest";

interface Data {
  cart: string[];
  other: object;
  at: Date;
  n: number;
}

const isStale = { name: "StateError", code: "stale_edit", status: 500 };

async function begun(): Promise<{
  sessions: ReturnType<typeof createSessions<Data>>;
  session: Session<Data>;
}> {
  const sessions = createSessions<Data>();
  const session = await sessions.load();
  Object.assign(session, { cart: ["apple"], at: new Date(0), n: 1 });
  const cookie = (await sessions.commit(session))!.split(";")[0]!;
  return { sessions, session: await sessions.load(cookie) };
}

describe("what was taken from the session before update or exclusive read it anew", () => {
  test("may be looked at, and thrown away", async () => {
    const { sessions, session } = await begun();
    const { cart, at } = session;
    await update(session, "cart", (now) => [...(now ?? []), "pear"]);
    await exclusive(session, () => expect([cart, at]).toEqual([["apple"], new Date(0)]));
    expect(await sessions.commit(session)).toBeUndefined();
  });

  test("is an error when it is changed: a list, and a Date", async () => {
    const list = await begun();
    const { cart } = list.session;
    await update(list.session, "cart", (now) => [...(now ?? []), "pear"]);
    cart!.push("lost");
    await expect((async () => list.sessions.commit(list.session))()).rejects.toMatchObject(isStale);

    const date = await begun();
    const { at } = date.session;
    await expect(exclusive(date.session, () => void at!.setTime(1))).rejects.toMatchObject(isStale);
  });

  test("may be put back, whole or in part", async () => {
    const { sessions, session } = await begun();
    const { cart } = session;
    await update(session, "cart", () => ["pear"]);
    cart!.push("plum");
    session.cart = cart!;
    await sessions.commit(session);
    expect(session.cart).toEqual(["apple", "plum"]);

    const other = await begun();
    const held = other.session.cart!;
    await update(other.session, "cart", () => ["pear"]);
    held.push("plum");
    other.session.other = { held };
    await other.sessions.commit(other.session);
  });

  test("does not matter to a session that ends", async () => {
    const { sessions, session } = await begun();
    const { cart } = session;
    await update(session, "cart", () => ["pear"]);
    cart!.push("lost");
    logout(session);
    expect(await sessions.commit(session)).toContain("Max-Age=0");
  });

  test("is not gathered by a request that goes on for long, and plain values are not looked after", async () => {
    const { sessions, session } = await begun();
    for (let n = 0; n < 1000; n++) {
      await update(session, "cart", () => [String(n)]);
      await update(session, "n", (before = 0) => before + 1);
    }
    expect(stateOf(session)!.turn.replaced).toHaveLength(32);
    await sessions.commit(session);
    expect(session.n).toBe(1001);
  });
});

test("an update over a value that cannot be stored replaces it, as it did what was stored", async () => {
  const { sessions, session } = await begun();
  (session as { other?: unknown }).other = { held: () => {} };
  expect(await update(session, "other", () => ({ held: "text" }))).toEqual({ held: "text" });
  await sessions.commit(session);
  expect(session.other).toEqual({ held: "text" });
});
