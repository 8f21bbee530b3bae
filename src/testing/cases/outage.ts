import assert from "node:assert/strict";
import { update } from "../../core/update.ts";
import { destroy, flash, login, rotate } from "../../core/verbs.ts";
import { BackendError, StateError } from "../../errors.ts";
import type { Verb } from "../gated-backend.ts";
import { type Case, found, handleIn, set, type World } from "../world.ts";

type Break = "fail" | "silence";
const HOWS: readonly Break[] = ["fail", "silence"];

/** What a visitor wants when the store is down at this call; each must be told, and lose nothing. */
const ATTEMPTS: Record<string, { verb: Verb; run(world: World, cookie: string): Promise<unknown> }> = {
  "reading the session": { verb: "read", run: (world, cookie) => begin(world, cookie, () => {}) },
  "a save": { verb: "patch", run: (world, cookie) => begin(world, cookie, set({ visits: 2 })) },
  "a rotation": { verb: "patch", run: (world, cookie) => begin(world, cookie, (session) => rotate(session)) },
  "a sign-in": {
    verb: "patch",
    run: (world, cookie) => begin(world, cookie, (session) => login(session, "bob")),
  },
  "a logout": { verb: "delete", run: (world, cookie) => begin(world, cookie, (session) => destroy(session)) },
  "an update": {
    verb: "patch",
    run: (world, cookie) => begin(world, cookie, (session) => update(session, "visits", () => 9)),
  },
  "reading a flash message": {
    verb: "patch",
    run: (world, cookie) => begin(world, cookie, (session) => flash(session, "notice")),
  },
  "a first visit": { verb: "create", run: (world) => begin(world, undefined, set({ visits: 1 })) },
  "asking for it exclusively": {
    verb: "lock",
    run: async (world, cookie) => impatient(world).load(cookie, { exclusive: true }),
  },
  "listing a user's sessions": { verb: "listByUser", run: (world) => impatient(world).listByUser("ann") },
  "revoking a session": {
    verb: "delete",
    run: (world, cookie) => impatient(world).revoke(handleIn({ cookie })),
  },
  "revoking all sessions": { verb: "revokeUser", run: (world) => impatient(world).revokeAll("ann") },
};

const impatient = (world: World) => world.sessions({ backendTimeout: 0.2 });

async function begin(
  world: World,
  cookie: string | undefined,
  handler: Parameters<ReturnType<World["browser"]>["request"]>[0],
): Promise<void> {
  const visitor = world.browser(impatient(world));
  visitor.cookie = cookie;
  try {
    await visitor.request(handler);
  } finally {
    assert.deepEqual(visitor.received, [], "no cookie leaves with an error");
  }
}

const downCases = Object.entries(ATTEMPTS).flatMap(([what, { verb, run }]) =>
  HOWS.map(
    (how): Case => ({
      promise: "R1",
      name: `${what} while the store ${how === "fail" ? "fails" : "does not answer"} is an error in time; then all is as before`,
      async run(world) {
        const failed = world.heard("backend_failed");
        const ann = await world.visitor({ visits: 1, notice: "hello" });
        await ann.request((session) => login(session, "ann"));
        const { cookie } = ann;
        const cause = new Error("connection refused");
        if (how === "fail") world.store.fail([verb], cause);
        else world.store.silence([verb]);
        const started = performance.now();
        await assert.rejects(run(world, cookie!), (error) => {
          assert.ok(error instanceof BackendError, String(error));
          assert.equal(error.code, how === "fail" ? "backend_failed" : "backend_timeout");
          assert.equal(error.status, 503);
          assert.equal(error.operation, verb);
          if (how === "fail") assert.equal(error.cause, cause);
          return true;
        });
        assert.ok(performance.now() - started < 2000, "in time");
        assert.equal(failed[0]?.operation, verb);
        world.store.mend();
        assert.deepEqual(await found(ann), { visits: 1, notice: "hello" });
        const listed = await world.sessions().listByUser("ann");
        assert.deepEqual(
          listed.map(({ handle }) => handle),
          [handleIn(ann)],
        );
        assert.deepEqual(await world.sessions().listByUser("bob"), []);
      },
    }),
  ),
);

/** The store is down. */
export const outageCases: readonly Case[] = [
  ...downCases,
  {
    promise: "R1",
    name: "a deadline that could not be moved loses nothing of the user's, so the answer goes out",
    async run(world) {
      const ann = await world.visitor(
        { visits: 1 },
        world.sessions({ touchThrottle: 1, backendTimeout: 0.2 }),
      );
      for (const how of HOWS) {
        await world.advance(10);
        if (how === "fail") world.store.fail(["touch"]);
        else world.store.silence(["touch"]);
        assert.equal(await ann.request((session) => session.visits), 1);
        world.store.mend();
      }
    },
  },
  {
    promise: "R1",
    name: "the policy anonymous answers without a session, which cannot be written, and logs nobody out",
    async run(world) {
      const ann = await world.visitor({ visits: 1 }, world.sessions({ outage: "anonymous" }));
      const { cookie } = ann;
      world.store.fail(["read"]);
      assert.equal(await ann.request((session) => session.visits), undefined);
      for (const act of [
        set({ visits: 2 }),
        (session: object) => login(session, "ann"),
        (session: object) => destroy(session),
        (session: object) => rotate(session),
        (session: { visits?: number | undefined }) => update(session, "visits", () => 2),
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
    name: "a save that reaches the store after its deadline leaves the session whole",
    async run(world) {
      const ann = await world.visitor({ visits: 1, name: "Ann" }, impatient(world));
      const session = await ann.begin();
      Object.assign(session, { visits: 2, name: "Anne" });
      const gate = world.store.hold("patch");
      await assert.rejects(ann.end(session), { code: "backend_timeout" });
      await ann.request(set({ color: "red" }));
      gate.open();
      await world.store.settled();
      assert.deepEqual(await found(ann), { visits: 2, name: "Anne", color: "red" });
    },
  },
];
