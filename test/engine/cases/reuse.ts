import assert from "node:assert/strict";
import { login, rotate } from "micropie/core/verbs";
import type { Browser } from "micropie/testing";
import { type Data, found, handleIn, type World } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

/** Ann, signed in and rotated `times` times since, each time long after the last; and every cookie that she had then. */
async function rotated(
  world: World,
  times: number,
  on = world.sessions(),
): Promise<{ ann: Browser<Data>; cookies: string[] }> {
  const ann = await world.visitor({ visits: 1 }, on);
  await ann.request((session) => login(session, "ann"));
  const cookies: string[] = [];
  for (let n = 0; n < times; n++) {
    cookies.push(ann.cookie!);
    await world.advance(20);
    await ann.request((session) => rotate(session));
  }
  await world.advance(20);
  return { ann, cookies };
}

/** Somebody with this cookie. */
function holder(world: World, cookie: string, on = world.sessions()): Browser<Data> {
  const one = world.browser(on);
  one.cookie = cookie;
  return one;
}

/** Ids that come again after they were replaced. */
export const reuseCases: readonly EngineCase[] = [
  {
    promise: "C5",
    name: "an id from up to nine rotations ago is told from a guess: the alarm names the session and its user",
    async run(world) {
      const reused = world.heard("reused");
      const unknown = world.heard("unknown");
      const { ann, cookies } = await rotated(world, 10);
      for (const cookie of cookies.slice(1)) assert.deepEqual(await found(holder(world, cookie)), {});
      const about = { handle: handleIn(ann), userId: "ann" };
      assert.deepEqual(reused, Array(9).fill(about));
      assert.deepEqual(unknown, []);
      assert.deepEqual(await found(ann), { visits: 1 });
      await found(holder(world, cookies[0]!));
      assert.deepEqual(unknown, [{ handle: about.handle }]);
    },
  },
  {
    promise: "C5",
    name: "the alarm is raised once for each old id, on any server, however often the id comes and the session rotates",
    async run(world) {
      const reused = world.heard("reused");
      const { ann, cookies } = await rotated(world, 3);
      for (let round = 1; round <= 3; round++) {
        for (const cookie of cookies) {
          for (let n = 0; n < 5; n++) await found(holder(world, cookie));
        }
        await ann.request((session) => rotate(session));
        await world.advance(20);
      }
      assert.equal(reused.length, cookies.length);
      world.store.forget();
      await found(holder(world, cookies[0]!));
      assert.equal(world.store.writes, 0);
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "C5",
    name: "an old id that meets a save raises its alarm all the same, loses no change and keeps no session alive",
    async run(world) {
      const reused = world.heard("reused");
      const { ann, cookies } = await rotated(world, 2);
      const { expiresAt } = (await world.store.inner.read(handleIn(ann)))!;
      await world.advance(50);
      const gate = world.store.hold("patch");
      const looking = found(holder(world, cookies[0]!));
      await gate.reached;
      const saving = ann.request(set({ name: "Ann" }));
      gate.open();
      await Promise.all([looking, saving]);
      await found(holder(world, cookies[1]!));
      assert.equal(reused.length, 2);
      assert.deepEqual(await found(ann), { visits: 1, name: "Ann" });
      const other = await rotated(world, 1);
      const before = (await world.store.inner.read(handleIn(other.ann)))!;
      await world.advance(50);
      await found(holder(world, other.cookies[0]!));
      const after = (await world.store.inner.read(handleIn(other.ann)))!;
      assert.equal(Math.round(before.expiresAt - before.now - (after.expiresAt - after.now)), 50);
      assert.ok(expiresAt > 0);
    },
  },
  {
    promise: "C5",
    name: "an id that is two rotations old within its grace is no alarm, and sets no cookie",
    async run(world) {
      const reused = world.heard("reused");
      const ann = await world.visitor({ visits: 1 });
      const old = holder(world, ann.cookie!);
      await ann.request((session) => login(session, "ann"));
      await ann.request((session) => rotate(session, "elevated"));
      await old.request(set({ visits: 99 }));
      assert.deepEqual([reused, old.received], [[], []]);
    },
  },
  {
    promise: "C5",
    name: "with onReuse revoke an old id ends the session, unless whoever brings it has the current id too",
    async run(world) {
      const on = world.sessions({ onReuse: "revoke" });
      const [reused, revoked] = [world.heard("reused"), world.heard("revoked")];
      const { ann, cookies } = await rotated(world, 3, on);
      const both = holder(world, `${cookies[0]}; ${ann.cookie}`, on);
      for (let n = 0; n < 2; n++) assert.deepEqual(await found(both), { visits: 1 });
      const about = { handle: handleIn(ann), userId: "ann" };
      assert.deepEqual([reused, revoked], [[about], []]);
      for (let n = 0; n < 2; n++) assert.deepEqual(await found(holder(world, cookies[1]!, on)), {});
      assert.deepEqual([reused, revoked], [[about, about], [{ ...about, reason: "reused", all: false }]]);
      assert.deepEqual(await found(ann), {});
    },
  },
  {
    promise: "R1",
    name: "a store that fails to note an old id fails no request, and the alarm is raised",
    async run(world) {
      for (const onReuse of ["report", "revoke"] as const) {
        const on = world.sessions({ onReuse });
        const reused = world.heard("reused");
        const { cookies } = await rotated(world, 1, on);
        world.store.fail(["patch", "delete"]);
        assert.deepEqual(await found(holder(world, cookies[0]!, on)), {});
        world.store.mend();
        assert.equal(reused.length, 1);
      }
    },
  },
];
