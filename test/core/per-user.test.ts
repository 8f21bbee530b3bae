import { createSessions, InMemorySessionBackend, info, login, type SessionOptions, save } from "micropie";
import { virtualEnvironment } from "micropie/testing";
import { browser } from "micropie/testing/browser";
import { GatedBackend } from "micropie/testing/gated-backend";
import { describe, expect, test } from "vitest";

const signIn = async (sessions: ReturnType<typeof createSessions>, userId = "ann") => {
  const visitor = browser(sessions);
  await visitor.request((session) => login(session, userId));
  return visitor;
};

test.each([0, -1, 1.5, Number.NaN, "3", null])("perUser: %s is refused at start", (perUser) => {
  expect(() => createSessions({ perUser } as never)).toThrow(expect.objectContaining({ option: "perUser" }));
});

test("onLimit is checked at start, and needs perUser", () => {
  const make = (options: object) => () => createSessions(options as SessionOptions);
  expect(make({ perUser: 1, onLimit: "end" })).toThrow(expect.objectContaining({ option: "onLimit" }));
  expect(make({ onLimit: "refuse" })).toThrow(/Needs the option perUser/);
});

test("a function that returns no number fails the sign-in, and stores nothing", async () => {
  const sessions = createSessions({ perUser: () => 0 });
  await expect(signIn(sessions)).rejects.toThrow(/perUser: the function must return/);
  expect(await sessions.count({ userId: "ann" })).toBe(0);
});

test("in memory, a sign-in that ends another one still returns at once", async () => {
  const sessions = createSessions({ perUser: 1 });
  for (let n = 0; n < 3; n++) {
    const session = sessions.load();
    if (session instanceof Promise) throw new Error("the session comes later");
    login(session, "ann");
    expect(sessions.commit(session)).toMatch(/^session_id=/);
  }
  expect(await sessions.count({ userId: "ann" })).toBe(1);
});

test.each(["end-oldest", "end-idlest"] as const)(
  "with %s, watchers of what ends hear of the limit",
  async (onLimit) => {
    const sessions = createSessions({ perUser: 1, onLimit });
    const visitor = await signIn(sessions);
    const heard: string[] = [];
    using _ = sessions.watch(await visitor.begin(), ({ reason }) => void heard.push(reason));
    await signIn(sessions);
    expect(heard).toEqual(["limit"]);
  },
);

test.each([
  [{}, "listByUser"],
  [{}, "delete"],
  [{}, "patch"],
  [{ onLimit: "end-idlest" }, "lock"],
  [{ onLimit: "refuse" }, "lock"],
  [{ onLimit: "refuse" }, "listByUser"],
  [{ onLimit: "refuse" }, "patch"],
] as const)("if the store fails at the limit, nobody is signed in: %j, %s", async (options, method) => {
  const backend = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions({ backend, perUser: 1, ...options });
  const first = await signIn(sessions, method === "delete" ? "ann" : "bob");
  backend.fail([method]);
  const session = await sessions.load();
  login(session, "ann");
  await expect((async () => sessions.commit(session))()).rejects.toMatchObject({ status: 503 });
  expect(sessions.discard(session)).toBeUndefined();
  backend.mend();
  await signIn(sessions);
  expect(await sessions.count({ userId: "ann" })).toBe(1);
  expect(first.cookie).toBeDefined();
});

describe("a sign-in that is refused", () => {
  test("can be answered by its handler, which finds nobody signed in", async () => {
    const sessions = createSessions({ perUser: 1, onLimit: "refuse" });
    await signIn(sessions);
    const visitor = browser(sessions);
    await visitor.request((session) => void Object.assign(session, { cart: ["apple"] }));
    const answer = await visitor.request(async (session) => {
      session.name = "Ann";
      login(session, "ann");
      return save(session).then(
        () => "signed in",
        (error: { code: string; status: number }) => [
          error.code,
          error.status,
          info(session).userId,
          { ...session },
        ],
      );
    });
    expect(answer).toEqual(["limit", 409, undefined, { cart: ["apple"] }]);
    expect(await visitor.request((session) => ({ ...session }))).toEqual({ cart: ["apple"] });
    expect(await sessions.count({ userId: "ann" })).toBe(1);
  });

  test("leaves a record that holds the turns of the user: no session, in no list, and its end is no event", async () => {
    const environment = virtualEnvironment();
    const backend = new InMemorySessionBackend();
    const sessions = createSessions({ backend, environment, perUser: 1, onLimit: "refuse" });
    const expired: string[] = [];
    using _ = sessions.on("expired", ({ handle }) => void expired.push(handle));
    const visitor = await signIn(sessions);
    expect(backend.size).toBe(2);
    environment.advance(7200);
    await sessions.prune();
    expect(backend.size).toBe(1);
    expect(expired).toEqual([]);
    expect(info(await visitor.begin()).userId).toBe("ann");
  });
});
