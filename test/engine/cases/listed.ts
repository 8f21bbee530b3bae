import assert from "node:assert/strict";
import { info } from "micropie/core/info";
import { update } from "micropie/core/update";
import { login, logout } from "micropie/core/verbs";
import type { Browser } from "micropie/testing";
import { type Data, found, handleIn } from "micropie/testing/world";
import { type EngineCase, type EngineWorld, set } from "../world.ts";

async function signedIn(world: EngineWorld, data: Partial<Data>): Promise<Browser<Data>> {
  const ann = await world.visitor(data);
  await ann.request((session) => login(session, "ann"));
  return ann;
}

/** What an operator does to sessions that are somebody's. */
export const listedCases: readonly EngineCase[] = [
  {
    promise: "R4",
    name: "an operator changes a key of a listed session: the next request sees it, and no deadline moves",
    async run(world) {
      const ann = await signedIn(world, { visits: 1 });
      const sessions = world.sessions();
      const deadlines = () =>
        ann.request((session) => [info(session).expiresAt, info(session).absoluteExpiresAt]);
      const before = await deadlines();
      await world.advance(20);
      const [listed] = await sessions.list({ userId: "ann" }).toArray();
      assert.equal(await sessions.update(listed!, "color", () => "blue"), "blue");
      assert.deepEqual(await deadlines(), before);
      assert.deepEqual(await found(ann), { visits: 1, color: "blue" });
      assert.equal(await sessions.update(listed!, "color", () => undefined), undefined);
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "R4",
    name: "an operator's change is the event changed, once, and no write of the user is",
    async run(world) {
      const ann = await signedIn(world, { visits: 1 });
      const sessions = world.sessions();
      const handle = handleIn(ann);
      const changed = world.heard("changed");
      await ann.request(set({ visits: 2 }));
      await ann.request((session) => update(session, "visits", () => 3));
      assert.deepEqual(changed, []);
      await sessions.update({ handle }, "visits", () => 4);
      await sessions.update({ handle }, "visits", (visits) => visits);
      assert.deepEqual(changed, [{ handle, userId: "ann", key: "visits" }]);
    },
  },
  {
    promise: "R4",
    name: "an operator's change and a request under way that writes another key are both kept",
    async run(world) {
      const ann = await signedIn(world, { visits: 1 });
      const session = await ann.begin();
      await world.sessions().update({ handle: handleIn(ann) }, "color", () => "blue");
      session.name = "Ann";
      await ann.end(session);
      assert.deepEqual(await found(ann), { visits: 1, color: "blue", name: "Ann" });
    },
  },
  {
    promise: "R4",
    name: "an operator's change of a session whose user signs in meanwhile is stored, and what the user does as well",
    async run(world) {
      const ann = await signedIn(world, { visits: 1 });
      const handle = handleIn(ann);
      const gate = world.store.hold("patch", "before");
      const changing = world.sessions().update({ handle }, "color", () => "blue");
      await gate.reached;
      await ann.request((session) => login(session, "ann"));
      gate.open();
      await world.environment.run(changing);
      assert.deepEqual(await found(ann), { visits: 1, color: "blue" });
    },
  },
  {
    promise: "R4",
    name: "what is no session cannot be changed: ended, invented or of the wrong shape; and nothing is stored",
    async run(world) {
      const ann = await signedIn(world, { visits: 1 });
      const handle = handleIn(ann);
      await ann.request((session) => logout(session));
      const sessions = world.sessions();
      for (const which of [handle, "a".repeat(16), "x", ""]) {
        const changing = sessions.update({ handle: which }, "color", () => "blue");
        await assert.rejects(changing, { code: "ended" });
      }
      assert.equal(await world.store.inner.read(handle), undefined);
    },
  },
  {
    promise: "R4",
    name: "a value that cannot be stored, or makes the session too large, is an error that names the key",
    async run(world) {
      const ann = await signedIn(world, { visits: 1 });
      const sessions = world.sessions({ maxBytes: 100 });
      const which = { handle: handleIn(ann) };
      const change = (value: unknown) => sessions.update(which, "name", () => value as string);
      await assert.rejects(
        change(() => {}),
        { code: "unsupported", key: "name" },
      );
      await assert.rejects(change("x".repeat(200)), { code: "too_large", key: "name" });
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
];
