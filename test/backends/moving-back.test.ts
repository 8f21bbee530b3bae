import { InMemorySessionBackend } from "micropie";
import type { SessionBackend } from "micropie/backends/backend";
import { MovingSessionBackend, moveSessions } from "micropie/backends/moving";
import { GatedBackend, type Verb, virtualEnvironment } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { newPatch, newRecord } from "./_records.ts";

const HANDLE = "handle-of-a-sess";

/**
 * Sessions move from one store to the other, and shall move back: some processes still move them there, and some are of the next step,
 * which has the two exchanged. All in virtual time.
 */
function world() {
  const environment = virtualEnvironment();
  const [one, two] = [new InMemorySessionBackend(), new InMemorySessionBackend()];
  const gated = { one: new GatedBackend(one), two: new GatedBackend(two) };
  for (const backend of [one, two, gated.one, gated.two] as SessionBackend[])
    backend.environment = environment;
  /** Moves sessions from the first store to the second, and its calls can be held. */
  const there = new MovingSessionBackend({ from: gated.one, to: gated.two });
  /** The next two steps of the deployment. */
  const back = (move: boolean) => new MovingSessionBackend({ from: two, to: one, move });
  const wait = (seconds: number) =>
    environment.run(new Promise<void>((resolve) => environment.timer(seconds, resolve)));
  return { environment, one, two, gated, there, back, wait, run: environment.run };
}

/** Where a mover can be stopped, in the order in which it goes. */
const STEPS: readonly (readonly ["one" | "two", Verb, "before" | "after"])[] = [
  ["two", "create", "before"],
  ["two", "create", "after"],
  ["one", "moveOut", "before"],
  ["one", "moveOut", "after"],
  ["two", "adopt", "before"],
  ["two", "adopt", "after"],
  ["one", "delete", "before"],
  ["one", "delete", "after"],
];

async function stopped([store, verb, side]: (typeof STEPS)[number]) {
  const made = world();
  made.one.create(HANDLE, newRecord({ userId: "ann" }));
  const gate = made.gated[store].hold(verb, side);
  const moving = Promise.resolve(made.there.read(HANDLE)).catch((error: unknown) => error);
  await gate.reached;
  return { ...made, gate, moving };
}

describe.each(STEPS)(
  "a mover that stops for good in %s %s, %s it, when sessions are to move back",
  (...step) => {
    test("loses no session, and keeps none from moving back", async () => {
      const { run, back, one, two, wait } = await stopped(step);
      expect(await run(back(false).patch(HANDLE, newPatch({ cart: 1 })))).toBe("ok");
      for (const move of [false, true])
        expect(await run(back(move).read(HANDLE))).toMatchObject({
          data: '{"visits":1,"cart":1}',
          version: 2,
        });
      expect(await run(moveSessions({ from: two, to: one }))).toMatchObject({ left: 0 });
      await wait(4);
      expect([one.countAll().sessions, two.countAll().sessions]).toEqual([1, 0]);
      expect(await run(back(true).read(HANDLE))).toMatchObject({ version: 2 });
    });

    test("loses no session that nobody uses until the way back is over", async () => {
      const { run, one, two, wait } = await stopped(step);
      await wait(4);
      expect(await run(moveSessions({ from: two, to: one }))).toMatchObject({ left: 0 });
      expect(two.countAll().sessions).toBe(0);
      expect(one.read(HANDLE)).toMatchObject({ secretHash: "hash-1", version: 1 });
    });

    test.each([true, false])("leaves nothing of a session that ends (move: %s)", async (move) => {
      for (const end of [undefined, 1]) {
        const { run, back, one, two, wait } = await stopped(step);
        expect(await run(back(move).delete(HANDLE, end))).toBe(true);
        await wait(4);
        expect(await run(back(move).read(HANDLE))).toBeUndefined();
        expect([one.countAll().sessions, two.countAll().sessions]).toEqual([0, 0]);
      }
    });

    test("brings nothing back of a session whose time is made shorter", async () => {
      const { run, back, environment } = await stopped(step);
      const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true, absoluteTimeout: 60 };
      const signIn = newPatch({ cart: 1 }, { idleTimeout: 30, rotation });
      expect(await run(back(false).patch(HANDLE, signIn))).toBe("ok");
      environment.advance(31);
      for (const move of [false, true]) expect(await run(back(move).read(HANDLE))).toBeUndefined();
    });

    test("keeps nobody from asking for the session when it has ended long ago", async () => {
      const { run, back, one, two, environment } = await stopped(step);
      for (const backend of [one, two]) backend.delete(HANDLE);
      environment.advance(10);
      const before = environment.now();
      for (const move of [false, true]) expect(await run(back(move).read(HANDLE))).toBeUndefined();
      expect(environment.now() - before).toBeLessThan(1);
    });
  },
);

describe.each<[Verb, (backend: SessionBackend) => unknown, unknown]>([
  ["read", (backend) => backend.read(HANDLE), expect.objectContaining({ version: 1 })],
  ["patch", (backend) => backend.patch(HANDLE, newPatch({ cart: 1 })), "ok"],
  ["touch", (backend) => backend.touch(HANDLE, 100), true],
  ["lock", (backend) => backend.lock(HANDLE, 5), 1],
  ["delete", (backend) => backend.delete(HANDLE, 1), true],
])("%s of a process of the next step", (verb, ask, answer) => {
  test("is done with a session that others move there after it was found here", async () => {
    const { run, gated, one, two, environment } = world();
    one.create(HANDLE, newRecord());
    const slow = new GatedBackend(one);
    slow.environment = environment;
    const gate = verb === "read" ? slow.hold("read", "after") : slow.hold(verb, "before");
    const asking = Promise.resolve(ask(new MovingSessionBackend({ from: two, to: slow, move: false })));
    await gate.reached;
    await run(new MovingSessionBackend({ from: one, to: two }).read(HANDLE));
    expect([one.countAll().sessions, two.countAll().sessions]).toEqual([0, 1]);
    gate.open();
    expect(await run(asking)).toEqual(answer);
    expect(gated).toBeDefined();
  });
});

test.each(["listByUser", "scan", "standings"] as const)(
  "%s misses no session that moves there while it looks",
  async (verb) => {
    const { run, one, two, environment } = world();
    one.create(HANDLE, newRecord({ userId: "ann" }));
    const slow = new GatedBackend(one);
    slow.environment = environment;
    const gate = slow.hold(verb, "before");
    const next = new MovingSessionBackend({ from: two, to: slow, move: false });
    const asks = {
      listByUser: () => next.listByUser("ann").then((all) => all.map(({ handle }) => handle)),
      scan: () => handlesOf(next),
      standings: () => next.standings([HANDLE]).then((all) => all.map(({ handle }) => handle)),
    };
    const looking = asks[verb]();
    await gate.reached;
    await run(new MovingSessionBackend({ from: one, to: two }).read(HANDLE));
    gate.open();
    expect(await run(looking)).toEqual([HANDLE]);
  },
);

test("an end that fails half way leaves nothing that brings old data back", async () => {
  for (const end of ["delete", "revokeUser"] as const) {
    const { run, one, two, back } = await stopped(["one", "delete", "before"]);
    expect(await run(back(false).patch(HANDLE, newPatch({ cart: 1 })))).toBe("ok");
    const failing = new GatedBackend(two);
    failing.delete = () => Promise.reject(new Error("the store is down"));
    failing.revokeUser = () => Promise.reject(new Error("the store is down"));
    const next = new MovingSessionBackend({ from: failing, to: one, move: false });
    await expect(end === "delete" ? next.delete(HANDLE) : next.revokeUser("ann")).rejects.toThrow("down");
    expect(one.standings([HANDLE])).toEqual([]);
    expect(await run(back(false).read(HANDLE))).toMatchObject({ version: 2 });
  }
});

test("of two processes that make a record, each where the other one keeps a place for it, one does", async () => {
  for (const [verb, side] of [
    ["adopt", "after"],
    ["standings", "after"],
    ["delete", "before"],
  ] as const) {
    const { run, there, gated, back } = world();
    const gate = gated[verb === "standings" ? "one" : "two"].hold(verb, side);
    const first = Promise.resolve(there.create(HANDLE, newRecord({ secretHash: "hash-there" })));
    if (verb !== "delete") await gate.reached;
    const second = back(false).create(HANDLE, newRecord({ secretHash: "hash-back" }));
    gate.open();
    const made = await run(Promise.all([first, second]));
    expect(made.filter((isMade) => isMade)).toHaveLength(1);
    expect(await run(back(false).read(HANDLE))).toMatchObject({
      secretHash: made[0] ? "hash-there" : "hash-back",
    });
  }
});

test("a store that has gone on from an old copy of itself brings back nothing of what has moved", async () => {
  const { run, one, two, there, environment } = world();
  one.create(HANDLE, newRecord({ userId: "ann" }));
  const stale = newRecord({ userId: "ann" });
  await run(there.read(HANDLE));
  one.create(HANDLE, stale);
  const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true, absoluteTimeout: 60 };
  expect(await run(there.patch(HANDLE, newPatch({}, { idleTimeout: 30, rotation })))).toBe("ok");
  expect(one.countAll().sessions).toBe(0);
  one.create(HANDLE, stale);
  expect(await run(moveSessions({ from: one, to: two }))).toMatchObject({ left: 0 });
  expect(one.countAll().sessions).toBe(0);
  environment.advance(31);
  expect(await run(there.read(HANDLE))).toBeUndefined();
});

test("refuses to move sessions on that have not arrived", async () => {
  const { one, two, back } = world();
  await expect(async () => back(true).moveOut(HANDLE)).rejects.toMatchObject({ option: "backend" });
  one.create(HANDLE, newRecord());
  const elsewhere = new InMemorySessionBackend();
  const moving = moveSessions({ from: new MovingSessionBackend({ from: one, to: two }), to: elsewhere });
  await expect(moving).rejects.toMatchObject({ option: "backend" });
});

/** The handles of all sessions, page by page. */
async function handlesOf(backend: SessionBackend): Promise<string[]> {
  const handles = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await backend.scan({ cursor, limit: 5 });
    for (const { handle } of page.sessions) handles.add(handle);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return [...handles];
}
