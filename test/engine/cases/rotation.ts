import assert from "node:assert/strict";
import { exclusive } from "micropie/core/exclusive";
import { info } from "micropie/core/info";
import type { Session } from "micropie/core/session";
import { startOver } from "micropie/core/start-over";
import { login, logout, rotate } from "micropie/core/verbs";
import { BackendError } from "micropie/errors";
import type { Browser } from "micropie/testing";
import { assertGone, type Data, found, handleIn, type World } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

/** Another tab of the same browser, still with the cookie of now. */
function tab(world: World, of: Browser<Data>): Browser<Data> {
  const other = world.browser();
  other.cookie = of.cookie;
  return other;
}

/** New ids for old sessions. */
export const rotationCases: readonly EngineCase[] = [
  {
    promise: "C5",
    name: "a rotation gives the browser a new id and keeps the session",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1 });
      const [before, handle] = [ann.cookie, handleIn(ann)];
      await ann.request((session) => rotate(session));
      assert.notEqual(ann.cookie, before);
      assert.equal(handleIn(ann), handle);
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "C5",
    name: "after a rotation with the same rights, the old id works for ten seconds, on the current data",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const old = tab(world, ann);
      await ann.request((session) => {
        rotate(session);
        session.name = "Ann";
      });
      await world.advance(9);
      assert.deepEqual(await found(old), { visits: 1, name: "Ann" });
      await old.request(set({ color: "red" }));
      assert.deepEqual(await found(ann), { visits: 1, name: "Ann", color: "red" });
    },
  },
  {
    promise: "C5",
    name: "the old id finds no session after its grace, and its use is reported as that of a possibly stolen cookie",
    async run(world) {
      const heard = world.heard("reused");
      const ann = await world.visitor({ visits: 1 });
      const old = tab(world, ann);
      await ann.request((session) => rotate(session));
      await world.advance(10);
      assert.deepEqual(await found(old), {});
      assert.deepEqual(heard, [{ handle: handleIn(ann), userId: null }]);
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "C5",
    name: "only the last id before a rotation has a grace",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const old = tab(world, ann);
      await ann.request((session) => rotate(session));
      await ann.request((session) => rotate(session));
      assert.deepEqual(await found(old), {});
    },
  },
  {
    promise: "C5",
    name: "a request begun before a rotation saves what it changed",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1 });
      const slow = await ann.begin();
      slow.name = "slow";
      await ann.request((session) => rotate(session));
      assert.equal(await ann.end(slow), undefined);
      assert.deepEqual(await found(ann), { visits: 1, name: "slow" });
    },
  },
  {
    promise: "C5",
    name: "the id before a rotation may not change the rights: that is refused, an event says so, and nobody is locked out",
    async run(world) {
      const heard = world.heard("discarded");
      const ann = await world.visitor({ visits: 1 });
      await ann.request((session) => login(session, "ann"));
      const thief = tab(world, ann);
      await ann.request((session) => rotate(session));
      const elevate = thief.request((session) => {
        session.visits = 99;
        rotate(session, "elevated");
      });
      await assert.rejects(elevate, { code: "id_replaced", status: 409 });
      assert.deepEqual(heard, [{ handle: handleIn(ann), userId: "ann", reason: "grace" }]);
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "C5",
    name: "a request whose id is replaced while it runs may not change the rights either",
    async run(world) {
      const heard = world.heard("discarded");
      const ann = await world.visitor({ visits: 1 });
      const slow = await ann.begin();
      rotate(slow, "elevated");
      const again = await ann.begin();
      await ann.request((session) => rotate(session));
      await assert.rejects(ann.end(slow), { code: "id_replaced" });
      await exclusive(again, () => rotate(again, "elevated")).then(
        () => assert.fail("the rights were changed"),
        (error: { code?: string }) => assert.equal(error.code, "id_replaced"),
      );
      assert.deepEqual(
        heard.map(({ reason }) => reason),
        ["grace", "grace"],
      );
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "C5",
    name: "a sign-in by the id before a rotation gets a session of its own, and takes nothing from whoever has the new id",
    async run(world) {
      for (const signIn of [
        (session: Session<Data>) => login(session, "thief"),
        (session: Session<Data>) => login(startOver(session), "thief"),
        (session: Session<Data>) => void Object.assign(startOver(session), { visits: 9 }),
      ]) {
        const ann = await world.visitor({ visits: 1 });
        const [thief, late] = [tab(world, ann), tab(world, ann)];
        const slow = await late.begin();
        signIn(slow);
        await ann.request((session) => rotate(session));
        await thief.request(signIn);
        await late.end(slow);
        for (const other of [thief, late]) assert.notEqual(handleIn(other), handleIn(ann));
        const { userId } = await ann.request((session) => info(session));
        assert.deepEqual([await found(ann), userId], [{ visits: 1 }, undefined]);
      }
    },
  },
  {
    promise: "C5",
    name: "the id before a rotation may still end the session",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const old = tab(world, ann);
      await ann.request((session) => rotate(session));
      await old.request((session) => logout(session));
      await assertGone(world, ann.cookie);
    },
  },
  {
    promise: "C4",
    name: "a rotation that fails in the store leaves the old session unchanged",
    async run({ store, visitor }) {
      const ann = await visitor({ visits: 1 });
      for (const change of [undefined, "elevated"] as const) {
        const session = await ann.begin();
        rotate(session, change);
        session.visits = 2;
        store.fail(["patch"]);
        await assert.rejects(ann.end(session), BackendError);
        store.mend();
        assert.deepEqual(await found(ann), { visits: 1 });
      }
    },
  },
  {
    promise: "C4",
    name: "a rotation whose answer is lost has taken effect, and the old id works for its grace",
    async run(world) {
      const ann = await world.visitor({ visits: 1 }, world.sessions({ backendTimeout: 5 }));
      const session = await ann.begin();
      rotate(session);
      session.visits = 2;
      const gate = world.store.hold("patch", "after");
      const refused = assert.rejects(ann.end(session), { code: "backend_timeout" });
      await gate.reached;
      world.environment.advance(5);
      await refused;
      gate.open();
      assert.deepEqual(await found(ann), { visits: 2 });
    },
  },
  {
    promise: "C5",
    name: "after a sign-in the old id is invalid at once, for everybody who knew it",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const attacker = tab(world, ann);
      await ann.request((session) => login(session, "ann"));
      assert.deepEqual(await found(attacker), {});
      await attacker.request(set({ visits: 99 }));
      await world.advance(11);
      assert.deepEqual(await found(attacker), {});
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "C5",
    name: "after a change of rights the old id is invalid at once",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const old = tab(world, ann);
      await ann.request((session) => rotate(session, "elevated"));
      assert.deepEqual(await found(old), {});
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "C5",
    name: "a write begun under the old rights is discarded, however late it comes",
    async run(world) {
      for (const raise of ["login", "rotate"]) {
        const heard = world.heard("discarded");
        const ann = await world.visitor({ visits: 1 });
        const slow = await ann.begin();
        slow.name = "planted";
        slow.visits = 99;
        const gate = world.store.hold("patch");
        const saving = world.sessions().commit(slow);
        await gate.reached;
        await ann.request((session) =>
          raise === "login" ? login(session, "ann") : rotate(session, "elevated"),
        );
        gate.open();
        assert.equal(await saving, undefined);
        assert.deepEqual(await found(ann), { visits: 1 });
        assert.equal(heard.at(-1)?.reason, "stale");
      }
    },
  },
  {
    promise: "C5",
    name: "a rotation with the same rights that overlaps a sign-in has no effect on the sign-in",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const slow = await ann.begin();
      rotate(slow);
      const gate = world.store.hold("patch");
      const rotating = world.sessions().commit(slow);
      await gate.reached;
      await ann.request((session) => login(session, "ann"));
      gate.open();
      assert.equal(await rotating, undefined);
      assert.equal(await ann.request((session) => info(session).userId), "ann");
    },
  },
  {
    promise: "C5",
    name: "a change of rights brings a new id even if the request removes the last key and another request adds one",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const old = ann.cookie;
      const session = await ann.begin();
      delete session.visits;
      rotate(session, "elevated");
      await ann.request(set({ name: "Ann" }));
      await ann.end(session);
      assert.notEqual(ann.cookie, old);
      assert.deepEqual(await found(ann), { name: "Ann" });
      ann.cookie = old;
      assert.deepEqual(await found(ann), {});
    },
  },
];
