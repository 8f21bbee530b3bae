import assert from "node:assert/strict";
import type { SessionRecord } from "micropie/backends/backend";
import { exclusive } from "micropie/core/exclusive";
import { update } from "micropie/core/update";
import { login, logout } from "micropie/core/verbs";
import { assertGone, found, handleIn, tokenIn } from "micropie/testing/world";
import { type EngineCase, type EngineWorld, set } from "../world.ts";

/** What may become of a record: its data, its head, or all of it. */
const DAMAGE: Record<string, (record: SessionRecord) => SessionRecord> = {
  "cut data": (record) => ({ ...record, data: record.data.slice(0, -3) }),
  "a text as data": (record) => ({ ...record, data: '"private"' }),
  "a list as data": (record) => ({ ...record, data: "[1]" }),
  "null as data": (record) => ({ ...record, data: "null" }),
  "no data": (record) => ({ ...record, data: "" }),
  "a rich value that cannot be read": (record) => ({
    ...record,
    data: '{"at":{"$rich":[["private",1]]}}',
  }),
  "a cut head": (record) => ({ ...record, head: record.head.slice(0, -3) }),
  "no head": (record) => ({ ...record, head: "" }),
  "a head without numbers": (record) => ({ ...record, head: '{"idle":"x"}' }),
};

/** From now on, what the store reads under this handle is damaged; other sessions are whole. */
function damage({ store }: EngineWorld, handle: string, how: (record: SessionRecord) => SessionRecord): void {
  const { inner } = store;
  const read = inner.read.bind(inner);
  const list = inner.listByUser.bind(inner);
  inner.read = (asked) => {
    const done = (record: SessionRecord | undefined) => (record && asked === handle ? how(record) : record);
    const answer = read(asked);
    return answer instanceof Promise ? answer.then(done) : done(answer);
  };
  inner.listByUser = async (userId) =>
    (await list(userId)).map((session) =>
      session.handle === handle ? { handle, record: how(session.record) } : session,
    );
}

/** Damaged records are no sessions, whoever reads them. */
export const damagedCases: readonly EngineCase[] = [
  ...Object.entries(DAMAGE).map(
    ([what, how]): EngineCase => ({
      promise: "S12",
      name: `${what}: there is no session, an event tells of the handle, and reading writes nothing`,
      async run(world) {
        const ann = await world.visitor({ name: "private" });
        const handle = handleIn(ann);
        damage(world, handle, how);
        const damaged = world.heard("damaged");
        const failed = world.heard("backend_failed");
        world.store.forget();
        await ann.request((session) => assert.deepEqual({ ...session }, {}));
        assert.equal(world.store.writes, 0);
        assert.equal(ann.received.length, 1);
        assert.deepEqual(damaged, [{ handle, userId: null }]);
        assert.deepEqual(failed, []);
      },
    }),
  ),
  {
    promise: "S12",
    name: "a sign-in under the cookie of a damaged record works, under an id of its own, and the record is gone",
    async run(world) {
      for (const how of Object.values(DAMAGE)) {
        const ann = await world.visitor({ name: "private" });
        const before = ann.cookie;
        damage(world, handleIn(ann), how);
        await ann.request((session) => login(session, "ann"));
        assert.notEqual(tokenIn(ann).slice(0, 16), before?.split("=")[1]?.slice(0, 16));
        await ann.request(set({ visits: 1 }));
        assert.deepEqual(await found(ann), { visits: 1 });
        await assertGone(world, before);
      }
    },
  },
  {
    promise: "S12",
    name: "a write under the cookie of a damaged record begins another session; if its record cannot be deleted, too",
    async run(world) {
      const ann = await world.visitor({ name: "private" });
      damage(world, handleIn(ann), DAMAGE["cut data"]!);
      world.store.fail(["delete"]);
      await ann.request(set({ visits: 1 }));
      world.store.mend();
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "S12",
    name: "a logout under the cookie of a damaged record deletes it and removes the cookie",
    async run(world) {
      const ann = await world.visitor({ name: "private" });
      const before = ann.cookie;
      const handle = handleIn(ann);
      damage(world, handle, DAMAGE["cut data"]!);
      await ann.request((session) => logout(session));
      assert.equal(ann.cookie, undefined);
      assert.equal(await world.store.inner.read(handle), undefined);
      await assertGone(world, before);
    },
  },
  {
    promise: "S12",
    name: "a record that is damaged while a request runs has ended for update and for exclusive use",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const session = await ann.begin();
      const other = await ann.begin();
      damage(world, handleIn(ann), DAMAGE["cut data"]!);
      const ended = { code: "ended", message: /^(?!.*visits)/ };
      await assert.rejects(
        update(session, "visits", (n = 0) => n + 1),
        ended,
      );
      await assert.rejects(
        exclusive(other, () => {}),
        ended,
      );
      await ann.request((late) => assert.deepEqual({ ...late }, {}), { exclusive: true });
    },
  },
  {
    promise: "S12",
    name: "a user's list leaves out a damaged session, and its end from outside ends it",
    async run(world) {
      const sessions = world.sessions();
      const [ann, other] = [world.browser(sessions), world.browser(sessions)];
      for (const each of [ann, other]) await each.request((session) => login(session, "ann"));
      damage(world, handleIn(ann), DAMAGE["cut data"]!);
      const damaged = world.heard("damaged");
      const listed = await sessions.list({ userId: "ann" }).toArray();
      assert.deepEqual(
        listed.map(({ handle }) => handle),
        [handleIn(other)],
      );
      assert.deepEqual(damaged, [{ handle: handleIn(ann), userId: "ann" }]);
      assert.equal(await sessions.revoke({ userId: "ann" }), 2);
    },
  },
  {
    promise: "B7",
    name: "who has only the handle of a damaged record does not end it",
    async run(world) {
      const ann = await world.visitor({ name: "private" });
      damage(world, handleIn(ann), DAMAGE["cut data"]!);
      const mallory = world.browser();
      mallory.cookie = `session_id=${handleIn(ann)}${"a".repeat(32)}`;
      await mallory.request(set({ visits: 1 }));
      const { store } = world;
      assert.notEqual(await store.inner.read(handleIn(ann)), undefined);
    },
  },
];
