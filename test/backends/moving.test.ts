import { createSessions, InMemorySessionBackend, info, login } from "micropie";
import type { SessionBackend } from "micropie/backends/backend";
import { type MoveProgress, MovingSessionBackend, moveSessions } from "micropie/backends/moving";
import { browser, GatedBackend, type Verb, virtualEnvironment } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { newPatch, newRecord } from "./_records.ts";

const HANDLE = "handle-of-a-sess";

/** Two stores, a process whose calls of them can be held, and another one; all in virtual time. */
function world() {
  const environment = virtualEnvironment();
  const [from, to] = [new InMemorySessionBackend(), new InMemorySessionBackend()];
  const gated = { from: new GatedBackend(from), to: new GatedBackend(to) };
  for (const backend of [from, to, gated.from, gated.to] as SessionBackend[])
    backend.environment = environment;
  const process = (move = true) => new MovingSessionBackend({ from, to, move });
  const held = new MovingSessionBackend(gated);
  return { environment, from, to, gated, held, process, run: environment.run };
}

/** Where a mover can be stopped, in the order in which it goes. */
const STEPS: readonly (readonly ["from" | "to", Verb, "before" | "after"])[] = [
  ["to", "create", "before"],
  ["to", "create", "after"],
  ["from", "moveOut", "before"],
  ["from", "moveOut", "after"],
  ["to", "adopt", "before"],
  ["to", "adopt", "after"],
  ["from", "delete", "before"],
  ["from", "delete", "after"],
];

async function stopped(step: (typeof STEPS)[number]) {
  const made = world();
  await made.from.create(HANDLE, newRecord({ userId: "ann" }));
  const [store, verb, side] = step;
  const gate = made.gated[store].hold(verb, side);
  const moving = Promise.resolve(made.held.read(HANDLE)).catch((error: unknown) => error);
  await gate.reached;
  return { ...made, gate, moving };
}

describe.each(STEPS)("a process that stops in %s %s, %s it", (...step) => {
  test("loses no session: another process finds it, whole, and brings it to the target", async () => {
    const { run, process, from, to } = await stopped(step);
    const record = await run(process().read(HANDLE));
    expect(record).toMatchObject({ data: '{"visits":1}', secretHash: "hash-1", userId: "ann", version: 1 });
    expect(to.read(HANDLE)).toMatchObject({ secretHash: "hash-1" });
    const isMarked =
      (step[1] === "adopt" && step[2] === "after") || (step[1] === "delete" && step[2] === "before");
    expect(from.standings([HANDLE])).toHaveLength(isMarked ? 1 : 0);
    expect(await run(moveSessions({ from, to }))).toMatchObject({ left: 0 });
    expect(from.scan({ limit: 10 }).sessions).toEqual([]);
  });

  test("keeps the session standing for as long as it has left, whichever server asks", async () => {
    const { run, environment, process } = await stopped(step);
    environment.advance(98);
    for (const moves of [false, true])
      expect(await run(process(moves).standings([HANDLE]))).toEqual([{ handle: HANDLE, epoch: 0, left: 2 }]);
    environment.advance(3);
    expect(await run(process().standings([HANDLE]))).toEqual([]);
  });

  test("and goes on later has lost no change that others made meanwhile", async () => {
    const { run, process, gate, moving } = await stopped(step);
    expect(await run(process().patch(HANDLE, newPatch({ cart: 1 })))).toBe("ok");
    expect(await run(process(false).patch(HANDLE, newPatch({ theme: "dark" })))).toBe("merged");
    gate.open();
    await run(moving);
    for (const move of [true, false])
      expect(await run(process(move).read(HANDLE))).toMatchObject({
        data: '{"visits":1,"cart":1,"theme":"dark"}',
        version: 3,
      });
  });

  test("and goes on later brings back no session whose time was made shorter meanwhile", async () => {
    const { run, process, gate, moving, environment } = await stopped(step);
    const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true, absoluteTimeout: 60 };
    const signIn = newPatch({ cart: 1 }, { idleTimeout: 30, rotation });
    expect(await run(process().patch(HANDLE, signIn))).toBe("ok");
    environment.advance(31);
    for (const move of [true, false]) expect(await run(process(move).read(HANDLE))).toBeUndefined();
    gate.open();
    await run(moving);
    for (const move of [true, false]) expect(await run(process(move).read(HANDLE))).toBeUndefined();
  });

  test("is told of once, whoever brought the move to its end", async () => {
    const { run, process, gate, moving, from, to, gated } = await stopped(step);
    const told: unknown[] = [];
    for (const backend of [to, gated.to])
      backend.onMoved = (handle, { userId }, stores) => told.push({ handle, userId, ...stores });
    expect(await run(process().read(HANDLE))).toBeDefined();
    await run(moveSessions({ from, to }));
    gate.open();
    await run(moving);
    expect(told).toEqual([
      { handle: HANDLE, userId: "ann", from: expect.any(String), to: expect.any(String) },
    ]);
  });

  const ends: Record<string, (backend: MovingSessionBackend) => Promise<unknown>> = {
    "that was deleted": (backend) => backend.delete(HANDLE),
    "that was deleted as it was": (backend) => backend.delete(HANDLE, 1),
    "of a user who was revoked": (backend) => backend.revokeUser("ann"),
    "among many that were deleted": (backend) => Promise.resolve(backend.deleteMany([HANDLE], "revoked")),
  };
  test.each(Object.entries(ends))("and goes on later brings back no session %s meanwhile", async (_, end) => {
    for (const move of [true, false]) {
      const { run, process, gate, moving, from, to } = await stopped(step);
      expect([true, [HANDLE]]).toContainEqual(await run(end(process(move))));
      expect(await run(process().read(HANDLE))).toBeUndefined();
      gate.open();
      await run(moving);
      for (const backend of [process(), process(false)]) {
        expect(await run(backend.read(HANDLE))).toBeUndefined();
        expect(await run(backend.listByUser("ann"))).toEqual([]);
      }
      expect([
        from.countAll().sessions,
        await run(Promise.resolve(process().scan({ limit: 9 }))),
      ]).toMatchObject([0, { sessions: [] }]);
      expect(to.listByUser("ann")).toEqual([]);
    }
  });
});

test.each(STEPS)(
  "a session that is deleted as it was has ended, also if one who moves it meanwhile stops in %s %s, %s it",
  async (store, verb, side) => {
    const { environment, run, process, gated, held, from, to } = world();
    from.create(HANDLE, newRecord({ userId: "ann" }));
    const slow = new GatedBackend(from);
    slow.environment = environment;
    const hold = slow.hold("delete", "before");
    const deleting = new MovingSessionBackend({ from: slow, to, move: false }).delete(HANDLE, 1);
    await hold.reached;
    const gate = gated[store].hold(verb, side);
    const moving = Promise.resolve(held.read(HANDLE)).catch((error: unknown) => error);
    await gate.reached;
    hold.open();
    expect(await run(deleting)).toBe(true);
    gate.open();
    await run(moving);
    for (const move of [true, false]) expect(await run(process(move).read(HANDLE))).toBeUndefined();
    expect(to.listByUser("ann").concat(from.listByUser("ann"))).toEqual([]);
  },
);

/** Where a process can be stopped that makes a record: one that moves sessions, and one that does not yet. */
const MAKING: readonly (readonly [move: boolean, "from" | "to", Verb, "before" | "after"])[] = [
  [true, "to", "adopt", "before"],
  [true, "to", "adopt", "after"],
  [true, "from", "standings", "before"],
  [true, "from", "standings", "after"],
  [false, "to", "adopt", "before"],
  [false, "to", "adopt", "after"],
  [false, "from", "create", "before"],
  [false, "from", "create", "after"],
  [false, "to", "delete", "before"],
  [false, "to", "delete", "after"],
];

describe.each(MAKING)("a process (move: %s) that makes a record and stops in %s %s, %s it", (...step) => {
  const [move, store, verb, side] = step;

  test.each([true, false])("makes it, or another one does (move: %s), and never both", async (other) => {
    const { run, process, gated, environment, from, to } = world();
    const gate = gated[store].hold(verb, side);
    const slow = new MovingSessionBackend({ ...gated, move });
    const first = Promise.resolve(slow.create(HANDLE, newRecord({ secretHash: "hash-slow" })));
    await gate.reached;
    const second = await run(process(other).create(HANDLE, newRecord({ secretHash: "hash-quick" })));
    gate.open();
    const made = await run(first);
    expect([made, second]).toContain(true);
    expect(made && second).toBe(false);
    await run(new Promise<void>((resolve) => environment.timer(4, resolve)));
    const winner = made ? "hash-slow" : "hash-quick";
    for (const moves of [false, true, false])
      expect(await run(process(moves).read(HANDLE))).toMatchObject({ secretHash: winner });
    await run(moveSessions({ from, to }));
    expect(from.scan({ limit: 9 }).sessions).toEqual([]);
    expect(to.scan({ limit: 9 }).sessions.map(({ record }) => record.secretHash)).toEqual([winner]);
  });
});

test.each([
  ["create", "after"],
  ["delete", "before"],
  ["delete", "after"],
] as const)("a record that is moved while its maker stops in %s, %s it, is made", async (verb, side) => {
  const { run, gated, environment, from, to } = world();
  const gate = gated[verb === "create" ? "from" : "to"].hold(verb, side);
  const slow = new MovingSessionBackend({ ...gated, move: false });
  const made = Promise.resolve(slow.create(HANDLE, newRecord()));
  await gate.reached;
  // The place that the maker has reserved is free by then.
  await run(new Promise<void>((resolve) => environment.timer(4, resolve)));
  expect(await run(moveSessions({ from, to }))).toMatchObject({ left: 0 });
  expect(to.read(HANDLE)).toMatchObject({ secretHash: "hash-1" });
  gate.open();
  expect(await run(made)).toBe(true);
});

/** Its client loses the answer of each step that stores a record, and sends it again after the record has ended. */
class SendsAgain extends InMemorySessionBackend {
  override adopt(...step: Parameters<InMemorySessionBackend["adopt"]>): boolean {
    const [handle, , instead] = step;
    const answer = super.adopt(...step);
    if (instead === undefined) return answer;
    super.delete(handle);
    return super.adopt(...step);
  }
}

test("a record that has ended stays ended when a client sends its creation again", async () => {
  const { run, environment, from } = world();
  const to = new SendsAgain();
  to.environment = environment;
  expect(await run(new MovingSessionBackend({ from, to }).create(HANDLE, newRecord()))).toBe(false);
  expect(to.read(HANDLE)).toBeUndefined();
});

test("a session that takes its reserved place while it is asked for stands as it is, and not as the place did", async () => {
  const { run, gated, environment, from, to, held } = world();
  from.create(HANDLE, newRecord());
  const rotation = { secretHash: "hash-2", grace: 0, raiseEpoch: true };
  expect(from.patch(HANDLE, newPatch({}, { ifSecretHash: "hash-1", rotation }))).toBe("ok");
  const reserved = gated.to.hold("create", "after");
  const moving = Promise.resolve(held.read(HANDLE));
  await reserved.reached;
  const asked = new GatedBackend(to);
  asked.environment = environment;
  const answered = asked.hold("standings", "after");
  const standings = new MovingSessionBackend({ from, to: asked, move: false }).standings([HANDLE]);
  await answered.reached;
  reserved.open();
  await run(moving);
  answered.open();
  expect(await run(standings)).toEqual([{ handle: HANDLE, epoch: 1, left: 100 }]);
});

test("a place that is reserved once more while it is asked for is no session", async () => {
  const { run, gated, environment, from, to, held } = world();
  from.create(HANDLE, newRecord());
  const reserve = () => {
    const reserved = gated.to.hold("create", "after");
    const moving = Promise.resolve(held.read(HANDLE));
    return reserved.reached.then(() => ({ reserved, moving }));
  };
  const first = await reserve();
  environment.advance(1);
  const asked = new GatedBackend(to);
  asked.environment = environment;
  const [listed, read] = [asked.hold("standings", "after"), asked.hold("read", "after")];
  const standings = new MovingSessionBackend({ from, to: asked, move: false }).standings([HANDLE]);
  await listed.reached;
  to.delete(HANDLE);
  listed.open();
  await read.reached;
  const second = await reserve();
  read.open();
  expect(await run(standings)).toEqual([{ handle: HANDLE, epoch: 0, left: 99 }]);
  first.reserved.open();
  second.reserved.open();
  await run(Promise.all([first.moving, second.moving]));
});

test("a place that is kept for longer because a clock was set back is no session", async () => {
  const { run, gated, environment, from, process, held } = world();
  from.create(HANDLE, newRecord());
  const reserved = gated.to.hold("create", "after");
  const moving = Promise.resolve(held.read(HANDLE));
  await reserved.reached;
  environment.advance(-30);
  expect(await run(process(false).standings([HANDLE]))).toEqual([{ handle: HANDLE, epoch: 0, left: 130 }]);
  reserved.open();
  await run(moving);
});

test("one who ends a session is told so once, and of what is no session never", async () => {
  for (const step of STEPS) {
    const { run, process } = await stopped(step);
    expect(await run(process().delete(HANDLE))).toBe(true);
    expect(await run(process().delete(HANDLE))).toBe(false);
  }
  const { run, process, from, to } = world();
  expect(await run(process().delete(HANDLE))).toBe(false);
  from.create(HANDLE, newRecord());
  await run(process().read(HANDLE));
  expect(to.read(HANDLE)).toBeDefined();
  expect(await run(process().deleteMany([HANDLE, "handle-of-no-one"]) as Promise<string[]>)).toEqual([
    HANDLE,
  ]);
});

test("a guessed id costs no write in either store", async () => {
  const { held, gated } = world();
  for (let n = 0; n < 20; n++) await held.read(`guessed-handle-${n}`);
  expect(gated.from.writes + gated.to.writes).toBe(0);
});

test("cookies from before the move work during and after it, and whoever watches is told of no end", async () => {
  const { environment, from, to, run } = world();
  const before = createSessions({ backend: from, environment });
  const visitors = Array.from({ length: 30 }, () => browser(before));
  for (const [n, visitor] of visitors.entries())
    await visitor.request((session) => {
      session.count = n;
      if (n % 2 === 0) login(session, `user ${n % 3}`);
    });
  const during = createSessions({ backend: new MovingSessionBackend({ from, to }), environment });
  const ended: unknown[] = [];
  for (const { handle } of await run(during.list().toArray()))
    during.watch({ handle }, (end) => ended.push(end));
  const seen = (on: typeof before) =>
    Promise.all(
      visitors.map(async ({ cookie }) => {
        const session = await on.load(cookie);
        return `${session.count} ${info(session).userId}`;
      }),
    );
  const expected = await seen(before);
  expect(await run(seen(during))).toEqual(expected);
  expect(await moveSessions({ from, to })).toMatchObject({ moved: 0, left: 0 });
  const after = createSessions({ backend: to, environment });
  expect(await seen(after)).toEqual(expected);
  await run(new Promise<void>((resolve) => environment.timer(10, resolve)));
  expect(ended).toEqual([]);
});

test("a move that is stopped goes on at the next call, and says how far it is", async () => {
  const { environment, from, to } = world();
  for (let n = 0; n < 250; n++) from.create(`handle-${String(n).padStart(9, "0")}`, newRecord());
  const control = new AbortController();
  const told: MoveProgress[] = [];
  const onProgress = (progress: MoveProgress) => {
    told.push(progress);
    if (told.length === 1) control.abort(new Error("Ctrl-C"));
  };
  await expect(moveSessions({ from, to, onProgress, signal: control.signal })).rejects.toThrow("Ctrl-C");
  expect(told).toEqual([{ moved: 100, left: 0, passes: 1 }]);
  expect([from.countAll().sessions, to.countAll().sessions]).toEqual([150, 100]);
  const done = await environment.run(moveSessions({ from, to, atOnce: 3 }));
  expect(done).toEqual({ moved: 150, left: 0, passes: expect.any(Number) });
  expect([from.countAll().sessions, to.countAll().sessions]).toEqual([0, 250]);
});

test("refuses one store twice, one that moves sessions itself, and options that it does not know", () => {
  const [from, to] = [new InMemorySessionBackend(), new InMemorySessionBackend()];
  const make = (options: object) => () => new MovingSessionBackend(options as never);
  expect(make({ from, to: from })).toThrow(/`to`|to: |another back-end/);
  const both = make({ from, to })();
  expect(make({ from: both, to: new InMemorySessionBackend() })).toThrow(/^from: Pass one of its two/);
  expect(make({ from: new InMemorySessionBackend(), to: both })).toThrow(/^to: Pass one of its two/);
  expect(make({ from, to, move: "yes" })).toThrow(/true or false/);
  expect(make({ from, target: to })).toThrow(/target/);
  expect(make({ from })).toThrow(/two back-ends/);
  expect(() => new MovingSessionBackend(undefined as never)).toThrow(/two back-ends/);
});

test("options of moveSessions are checked", async () => {
  const [from, to] = [new InMemorySessionBackend(), new InMemorySessionBackend()];
  await expect(moveSessions({ from, to: from })).rejects.toThrow(/another back-end/);
  await expect(moveSessions({ from, to, atOnce: 0 })).rejects.toThrow(/atOnce/);
  await expect(moveSessions({ from, to, speed: 1 } as never)).rejects.toThrow(/speed/);
});
