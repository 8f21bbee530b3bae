import {
  createSessions,
  InMemorySessionBackend,
  info,
  login,
  rotate,
  type Session,
  type Sessions,
} from "micropie";
import { publicId } from "micropie/facades/regenerate";
import { expect, test } from "vitest";

async function signIn(sessions: Sessions, userId: string | number): Promise<string> {
  const session = await sessions.load();
  login(session, userId);
  await sessions.commit(session);
  return info(session).handle!;
}

test("one selector: list, count and revoke take a handle or a user, and count what they mean", async () => {
  const sessions = createSessions();
  const [phone, laptop] = [await signIn(sessions, 7), await signIn(sessions, 7)];
  await signIn(sessions, "bob");
  const handles = async (which: Parameters<typeof sessions.list>[0]) =>
    (await sessions.list(which).toArray()).map(({ handle }) => handle);
  expect(await handles({ userId: "7" })).toEqual([phone, laptop]);
  expect(await handles({ handle: laptop })).toEqual([laptop]);
  expect(await handles({ handle: "nobody's" })).toEqual([]);
  expect([await sessions.count({ userId: 7 }), await sessions.count({ handle: phone })]).toEqual([2, 1]);
  const [first] = await sessions.list({ userId: 7 }).toArray();
  expect(await sessions.revoke(first!)).toBe(1);
  expect(await sessions.revoke({ handle: phone })).toBe(0);
  expect(await sessions.count({ userId: 7 })).toBe(1);
  expect(await sessions.revoke({ userId: "7" })).toBe(1);
  expect(await sessions.count({ userId: "bob" })).toBe(1);
});

test("list tells one after the other, and which one is the session of this request", async () => {
  const sessions = createSessions();
  await signIn(sessions, "ann");
  const here = await sessions.load();
  login(here, "ann");
  await sessions.commit(here);
  const current: boolean[] = [];
  for await (const session of sessions.list({ userId: "ann" }, { current: here }))
    current.push(session.current);
  expect(current).toEqual([false, true]);
});

test("a handle of another realm on the same store is nobody's: nothing is told, changed or ended", async () => {
  const backend = new InMemorySessionBackend();
  const shop = createSessions({ backend });
  const admin = createSessions({ backend, realm: "admin" });
  for (const [own, other] of [
    [shop, admin],
    [admin, shop],
  ] as const) {
    const handle = await signIn(own, "ann");
    expect(await other.list({ handle }).toArray()).toEqual([]);
    expect(await other.count({ handle })).toBe(0);
    expect(await other.revoke({ handle })).toBe(0);
    await expect(other.update({ handle }, "role", () => "root")).rejects.toMatchObject({ code: "ended" });
    expect(await own.count({ handle })).toBe(1);
    expect(await own.update({ handle }, "role", () => "editor")).toBe("editor");
    // Also after its id was replaced, with all that is remembered of that.
    expect(await own.revoke({ handle })).toBe(1);
  }
});

test.each([
  ["a text", "abc"],
  ["nothing", undefined],
  ["neither", {}],
  ["both", { handle: "a", userId: "b" }],
  ["a handle that is no text", { handle: 7 }],
  ["except beside a handle", { handle: "a", except: "b" }],
])("%s is no selector, and the error says what to pass", async (_, which) => {
  await expect(createSessions().revoke(which as never)).rejects.toThrow(/^revoke: /);
});

test("a session is no selector, though it may have keys of these names", async () => {
  const sessions = createSessions();
  const session = await sessions.load();
  session.userId = "ann";
  await expect(sessions.revoke(session as never)).rejects.toThrow(/^revoke: pass \{ handle \}/);
});

test("except in a sign-in by the id before a rotation spares what it begins, and not the session that it came with", async () => {
  const sessions = createSessions();
  const cookieOf = async (session: Session) => (await sessions.commit(session))!.split(";")[0]!;
  const first = await sessions.load();
  login(first, "ann");
  const before = await cookieOf(first);
  const rotated = await sessions.load(before);
  rotate(rotated);
  const after = await cookieOf(rotated);
  const again = await sessions.load(before);
  login(again, "ann");
  expect(info(again)).toMatchObject({ handle: undefined, userId: "ann" });
  const told = publicId(again);
  expect(await sessions.revoke({ userId: "ann", except: again })).toBe(1);
  const own = await cookieOf(again);
  expect(info(again).handle).toBe(told);
  expect(info(await sessions.load(after)).userId).toBeUndefined();
  expect(info(await sessions.load(own)).userId).toBe("ann");
  expect(await sessions.count({ userId: "ann" })).toBe(1);
});
