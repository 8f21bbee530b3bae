import assert from "node:assert/strict";
import { info } from "micropie/core/info";
import type { SessionOptions } from "micropie/core/options";
import { startOver } from "micropie/core/start-over";
import { login } from "micropie/core/verbs";
import { publicId, reloadSession } from "micropie/facades/regenerate";
import { type Data, found, handleIn } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

/** The name in the data is who is signed in, as code has it that does not call `login`. */
const named: SessionOptions<Data> = { userIdOf: (data) => data.name };

/** Sessions that start over, and sign-ins that show only in the data. */
export const startingOverCases: readonly EngineCase[] = [
  {
    promise: "C5",
    name: "a session that starts over has only new data and a new id; the old id is invalid",
    async run(world) {
      const ann = await world.visitor({ visits: 1, color: "red" });
      const before = world.browser();
      before.cookie = ann.cookie;
      await ann.request((session) => {
        const id = publicId(session);
        const fresh = startOver(session);
        assert.deepEqual({ ...fresh }, {});
        assert.deepEqual({ ...session }, { visits: 1, color: "red" });
        assert.notEqual(publicId(fresh), id);
        fresh.name = "Ann";
      });
      assert.deepEqual(await found(ann), { name: "Ann" });
      assert.deepEqual(await found(before), {});
    },
  },
  {
    promise: "C5",
    name: "what other requests store while a session starts over is not part of the new session",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const beside = world.browser();
      beside.cookie = ann.cookie;
      const early = await ann.begin();
      await beside.request(set({ color: "red" }));
      const held = world.store.hold("patch");
      startOver(early).name = "Ann";
      const ending = ann.end(early);
      await held.reached;
      await beside.request(set({ notice: "meanwhile" }));
      held.open();
      await ending;
      assert.deepEqual(await found(ann), { name: "Ann" });
    },
  },
  {
    promise: "C5",
    name: "a late write of a request that began before the session started over is dropped",
    async run(world) {
      const heard = world.heard("discarded");
      const ann = await world.visitor({ visits: 1 });
      const late = await ann.begin();
      late.color = "late";
      await ann.request((session) => void Object.assign(startOver(session), { name: "Ann" }));
      assert.equal(await ann.end(late), undefined);
      assert.deepEqual(
        heard.map(({ reason }) => reason),
        ["stale"],
      );
      assert.deepEqual(await found(ann), { name: "Ann" });
    },
  },
  {
    promise: "B5",
    name: "a session that starts over and stays empty ends",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const handle = handleIn(ann);
      await ann.request((session) => void startOver(session));
      assert.equal(ann.cookie, undefined);
      assert.equal(await world.store.inner.read(handle), undefined);
    },
  },
  {
    promise: "U1",
    name: "a signed-in session that starts over is not signed in",
    async run(world) {
      const sessions = world.sessions();
      const ann = await world.visitor({ visits: 1 }, sessions);
      await ann.request((session) => login(session, "ann"));
      await ann.request((session) => void Object.assign(startOver(session), { color: "red" }));
      assert.deepEqual(await sessions.list({ userId: "ann" }).toArray(), []);
      assert.deepEqual(await found(ann), { color: "red" });
      await ann.request((session) => assert.equal(info(session).userId, undefined));
    },
  },
  {
    promise: "C4",
    name: "two concurrent requests that start a session over each get a session with their own data",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const other = world.browser();
      other.cookie = ann.cookie;
      const [one, two] = [await ann.begin(), await other.begin()];
      startOver(one).name = "one";
      startOver(two).color = "two";
      await Promise.all([ann.end(one), other.end(two)]);
      assert.deepEqual(await found(ann), { name: "one" });
      assert.deepEqual(await found(other), { color: "two" });
    },
  },
  {
    promise: "U1",
    name: "a public id that is asked for before the session is stored stays the same",
    async run(world) {
      const ann = world.browser();
      let told = "";
      await ann.request((session) => {
        told = publicId(session);
        session.visits = 1;
      });
      assert.equal(handleIn(ann), told);
      await ann.request((session) => assert.equal(publicId(session), told));
    },
  },
  {
    promise: "U1",
    name: "with `userId`, the user in the data is signed in: listed, with a new id, until the data changes",
    async run(world) {
      const sessions = world.sessions(named);
      const ann = await world.visitor({ visits: 1 }, sessions);
      const before = world.browser(sessions);
      before.cookie = ann.cookie;
      await ann.request(set({ name: "ann" }));
      assert.deepEqual(await found(before), {});
      assert.deepEqual(
        (await sessions.list({ userId: "ann" }).toArray()).map(({ handle }) => handle),
        [handleIn(ann)],
      );
      const cookie = ann.cookie;
      await ann.request(set({ visits: 2 }));
      assert.equal(ann.cookie, cookie);
      await ann.request((session) => {
        delete session.name;
      });
      assert.deepEqual(await sessions.list({ userId: "ann" }).toArray(), []);
      assert.deepEqual(await found(ann), { visits: 2 });
      assert.notEqual(ann.cookie, cookie);
    },
  },
  {
    promise: "U1",
    name: "with `userId`, another user in the data is a new sign-in, which can be revoked",
    async run(world) {
      const sessions = world.sessions(named);
      const ann = await world.visitor({ name: "ann" }, sessions);
      await ann.request((session) => void Object.assign(startOver(session), { name: "bob" }));
      assert.deepEqual(await sessions.list({ userId: "ann" }).toArray(), []);
      assert.equal(await sessions.revoke({ userId: "bob" }), 1);
      assert.deepEqual(await found(ann), {});
    },
  },
  {
    promise: "C3",
    name: "a session can be reloaded until it has ended",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const early = await ann.begin();
      early.color = "not saved";
      await ann.request(set({ visits: 2 }));
      await reloadSession(early);
      assert.deepEqual({ ...early }, { visits: 2 });
      await world.store.inner.delete(handleIn(ann));
      await assert.rejects(async () => reloadSession(early), { code: "ended" });
    },
  },
];
