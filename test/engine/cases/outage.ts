import assert from "node:assert/strict";
import type { AnySession, Session } from "micropie/core/register";
import { take } from "micropie/core/take";
import { update } from "micropie/core/update";
import { login, logout, rotate } from "micropie/core/verbs";
import { BackendError, StateError } from "micropie/errors";
import type { Verb } from "micropie/testing";
import type { Data } from "micropie/testing/world";
import { found, handleIn, type World } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

/** Seconds that a call of the store may take, by default. */
const DEADLINE = 5;

/** What is asked while the store is down at this call. Each attempt is answered with an error and loses nothing. */
const ATTEMPTS: Record<string, { verb: Verb; run(world: World, cookie: string): Promise<unknown> }> = {
  "reading the session": { verb: "read", run: (world, cookie) => begin(world, cookie, () => {}) },
  "a save": { verb: "patch", run: (world, cookie) => begin(world, cookie, set({ visits: 2 })) },
  "a rotation": { verb: "patch", run: (world, cookie) => begin(world, cookie, (session) => rotate(session)) },
  "a sign-in": {
    verb: "patch",
    run: (world, cookie) => begin(world, cookie, (session) => login(session, "bob")),
  },
  "a logout": { verb: "delete", run: (world, cookie) => begin(world, cookie, (session) => logout(session)) },
  "an update": {
    verb: "patch",
    run: (world, cookie) => begin(world, cookie, (session) => update(session, "visits", () => 9)),
  },
  "reading a flash message": {
    verb: "patch",
    run: (world, cookie) => begin(world, cookie, (session) => take(session, "notice")),
  },
  "a first visit": { verb: "create", run: (world) => begin(world, undefined, set({ visits: 1 })) },
  "asking for it exclusively": {
    verb: "lock",
    run: async (world, cookie) => world.sessions().load(cookie, { exclusive: true }),
  },
  "listing a user's sessions": {
    verb: "listByUser",
    run: (world) => world.sessions().list({ userId: "ann" }).toArray(),
  },
  "revoking a session": {
    verb: "delete",
    run: (world, cookie) => world.sessions().revoke({ handle: handleIn({ cookie }) }),
  },
  "revoking all sessions": { verb: "revokeUser", run: (world) => world.sessions().revoke({ userId: "ann" }) },
};

async function begin(
  world: World,
  cookie: string | undefined,
  handler: Parameters<ReturnType<World["browser"]>["request"]>[0],
): Promise<void> {
  const visitor = world.browser();
  visitor.cookie = cookie;
  try {
    await visitor.request(handler);
  } finally {
    assert.deepEqual(visitor.received, [], "no cookie leaves with an error");
  }
}

const failing = Object.entries(ATTEMPTS).map(
  ([what, { verb, run }]): EngineCase => ({
    promise: "R1",
    name: `${what} while the store fails is an error and changes nothing`,
    async run(world) {
      const { cookie, failed, assertAsBefore } = await signedIn(world);
      const cause = new Error("connection refused");
      world.store.fail([verb], cause);
      await assert.rejects(run(world, cookie), (error) => {
        assertRefused(error, "backend_failed", verb);
        assert.ok(error.cause instanceof Error && error.cause !== cause);
        return error.cause.message === cause.message;
      });
      assert.equal(failed[0]?.operation, verb);
      await assertAsBefore();
    },
  }),
);

const silent = Object.entries(ATTEMPTS).map(
  ([what, { verb, run }]): EngineCase => ({
    promise: "R1",
    name: `${what} while the store does not answer is an error at the deadline and changes nothing`,
    async run(world) {
      const { cookie, failed, assertAsBefore } = await signedIn(world);
      const asked = world.store.silence([verb]);
      const attempt = run(world, cookie);
      const refused = assert.rejects(attempt, (error) => {
        assertRefused(error, "backend_timeout", verb);
        return true;
      });
      await asked;
      world.environment.advance(DEADLINE - 1);
      assert.equal(failed.length, 0, "the deadline is not over yet");
      world.environment.advance(1);
      await refused;
      assert.equal(failed[0]?.operation, verb);
      await assertAsBefore();
    },
  }),
);

/** A browser in which Ann is signed in, and how to see that nothing has happened to her. */
async function signedIn(world: World) {
  const failed = world.heard("backend_failed");
  const ann = await world.visitor({ visits: 1, notice: "hello" });
  await ann.request((session) => login(session, "ann"));
  const assertAsBefore = async (): Promise<void> => {
    world.store.mend();
    assert.deepEqual(await found(ann), { visits: 1, notice: "hello" });
    const listed = await world.sessions().list({ userId: "ann" }).toArray();
    assert.deepEqual(
      listed.map(({ handle }) => handle),
      [handleIn(ann)],
    );
    assert.deepEqual(await world.sessions().list({ userId: "bob" }).toArray(), []);
  };
  return { cookie: ann.cookie!, failed, assertAsBefore };
}

function assertRefused(error: unknown, code: string, verb: Verb): asserts error is BackendError {
  assert.ok(error instanceof BackendError, String(error));
  assert.deepEqual([error.code, error.status, error.operation], [code, 503, verb]);
}

/** The store is down. */
export const outageCases: readonly EngineCase[] = [
  ...failing,
  ...silent,
  {
    promise: "R1",
    name: "a touch that fails loses no data, so the request succeeds",
    async run(world) {
      const ann = await world.visitor({ visits: 1 }, world.sessions({ touchThrottle: 1 }));
      await world.advance(10);
      world.store.fail(["touch"]);
      assert.equal(await ann.request((session) => session.visits), 1);
      world.store.mend();
      await world.advance(10);
      const asked = world.store.silence(["touch"]);
      const answer = ann.request((session) => session.visits);
      await asked;
      world.environment.advance(DEADLINE);
      assert.equal(await answer, 1);
    },
  },
  {
    promise: "R1",
    name: "with the policy anonymous, a request goes on with an empty read-only session, and nobody is logged out",
    async run(world) {
      const ann = await world.visitor({ visits: 1 }, world.sessions({ whenDown: "anonymous" }));
      const { cookie } = ann;
      world.store.fail(["read"]);
      assert.equal(await ann.request((session) => session.visits), undefined);
      for (const act of [
        set({ visits: 2 }),
        (session: AnySession) => login(session, "ann"),
        (session: AnySession) => logout(session),
        (session: AnySession) => rotate(session),
        (session: Session<Data>) => update(session, "visits", () => 2),
      ]) {
        await assert.rejects(
          async () => ann.request(act),
          (error) => error instanceof StateError && error.code === "read_only",
        );
      }
      world.store.mend();
      assert.equal(ann.cookie, cookie);
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "R1",
    name: "a save that reaches the store after its deadline leaves the session consistent",
    async run(world) {
      const ann = await world.visitor({ visits: 1, name: "Ann" });
      const session = await ann.begin();
      Object.assign(session, { visits: 2, name: "Anne" });
      const gate = world.store.hold("patch");
      const refused = assert.rejects(ann.end(session), { code: "backend_timeout" });
      await gate.reached;
      world.environment.advance(DEADLINE);
      await refused;
      await ann.request(set({ color: "red" }));
      gate.open();
      await world.store.settled();
      assert.deepEqual(await found(ann), { visits: 2, name: "Anne", color: "red" });
    },
  },
];
