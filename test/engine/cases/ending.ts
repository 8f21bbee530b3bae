import assert from "node:assert/strict";
import { exclusive } from "micropie/core/exclusive";
import { info } from "micropie/core/info";
import type { Session } from "micropie/core/session";
import { replaceData } from "micropie/core/session";
import type { Sessions } from "micropie/core/sessions";
import { take } from "micropie/core/take";
import { update } from "micropie/core/update";
import { login, logout, rotate, save } from "micropie/core/verbs";
import { StateError } from "micropie/errors";
import type { Browser, Verb } from "micropie/testing";
import { assertGone, type Data, handleIn, type World } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

type Flight = {
  verb: Verb;
  prepare(session: Session<Data>): void;
  run(on: Sessions<Data>, session: Session<Data>): Promise<unknown>;
  answer: unknown;
};
const ENDED = Symbol("StateError ended");
const commit = async (on: Sessions<Data>, session: Session<Data>): Promise<unknown> => on.commit(session);
const nothing = (): void => {};

/** What a slow request may be doing, the call of the store that it is held at, and what it answers in the end. */
const FLIGHTS: Record<string, Flight> = {
  "a save": {
    verb: "patch",
    prepare: set({ visits: 2 }),
    run: commit,
    answer: undefined,
  },
  "a touch": { verb: "touch", prepare: nothing, run: commit, answer: undefined },
  "a rotation": { verb: "patch", prepare: (session) => rotate(session), run: commit, answer: undefined },
  "a change of rights": {
    verb: "patch",
    prepare: (session) => rotate(session, "elevated"),
    run: commit,
    answer: undefined,
  },
  "a sign-in": { verb: "patch", prepare: (session) => login(session, "ann"), run: commit, answer: ENDED },
  "an update": {
    verb: "patch",
    prepare: nothing,
    run: async (_, session) => update(session, "visits", (n = 0) => n + 1),
    answer: ENDED,
  },
  "reading a flash message": {
    verb: "patch",
    prepare: nothing,
    run: async (_, session) => take(session, "notice"),
    answer: undefined,
  },
};

/** How the session ends meanwhile. */
const ENDINGS: Record<string, (world: World, ann: Browser<Data>) => Promise<unknown>> = {
  "a logout": (_, ann) => ann.request((session) => logout(session)),
  "a session emptied": (_, ann) => ann.request((session) => replaceData(session, {})),
  "a revocation": (world, ann) => world.sessions().revoke({ handle: handleIn(ann) }),
  "a revocation of all": (world) => world.sessions().revoke({ userId: "ann" }),
  "its expiry": (world) => world.advance(1000),
};

const raceCases = Object.entries(FLIGHTS).flatMap(([what, flight]) =>
  Object.entries(ENDINGS).map(
    ([how, end]): EngineCase => ({
      promise: "C3",
      name: `${what} held across ${how} does not bring the session back`,
      async run(world) {
        const on = world.sessions({ timeouts: { idle: 1000 }, touchThrottle: 0 });
        const ann = world.browser(on);
        await ann.request((session) => {
          login(session, "ann");
          Object.assign(session, { visits: 1, notice: "hello" });
        });
        const { cookie } = ann;
        await world.advance(10);
        const slow = await ann.begin();
        const gate = world.store.hold(flight.verb);
        flight.prepare(slow);
        const answer = flight.run(on, slow).catch((error: unknown) => {
          assert.ok(error instanceof StateError && error.code === "ended", String(error));
          return ENDED;
        });
        await gate.reached;
        await end(world, ann);
        gate.open();
        assert.equal(await answer, flight.answer);
        await assertGone(world, cookie);
        assert.equal(info(slow).stored && flight.verb === "patch", false);
        slow.visits = 99;
        if (flight.verb === "patch") assert.equal(await on.commit(slow), undefined);
        await assertGone(world, cookie);
        assert.deepEqual(await on.list({ userId: "ann" }).toArray(), []);
      },
    }),
  ),
);

/** How a request can learn that the rights of its session have changed, before it has ended. */
const LEARNINGS: Record<string, (session: Session<Data>) => Promise<unknown>> = {
  take: (session) => take(session, "notice"),
  update: (session) => update(session, "visits", (n = 0) => n + 1),
  save: async (session) => {
    session.visits = 5;
    await save(session);
  },
  exclusive: (session) => exclusive(session, nothing),
};

const learnedCases = Object.entries(LEARNINGS).map(
  ([how, learn]): EngineCase => ({
    promise: "C3",
    name: `a logout ends the session also if ${how} has shown that its rights are others by now`,
    async run(world) {
      const ann = await world.visitor({ visits: 1, notice: "hello" });
      const tab = world.browser();
      tab.cookie = ann.cookie;
      const slow = await tab.begin();
      await ann.request((session) => login(session, "ann"));
      await learn(slow).catch((error: unknown) =>
        assert.ok(error instanceof StateError && error.code === "ended", String(error)),
      );
      logout(slow);
      await tab.end(slow);
      assert.equal(tab.cookie, undefined);
      await assertGone(world, ann.cookie);
      assert.deepEqual(await world.sessions().list({ userId: "ann" }).toArray(), []);
    },
  }),
);

/** Ended stays ended. */
export const endingCases: readonly EngineCase[] = [
  ...raceCases,
  ...learnedCases,
  {
    promise: "C3",
    name: "a logout takes effect in the store, before its answer arrives",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const { cookie } = ann;
      const leaving = await ann.begin();
      logout(leaving);
      const gate = world.store.hold("delete", "after");
      const ending = ann.end(leaving);
      await gate.reached;
      await assertGone(world, cookie);
      gate.open();
      await ending;
      assert.equal(ann.cookie, undefined);
    },
  },
  {
    promise: "C3",
    name: "a logout ends every id that the session has had",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const cookies = [ann.cookie];
      for (let i = 0; i < 3; i++) {
        await ann.request((session) => rotate(session));
        cookies.push(ann.cookie);
      }
      await ann.request((session) => logout(session));
      for (const cookie of cookies) await assertGone(world, cookie);
    },
  },
  {
    promise: "C3",
    name: "a logout with the id from before a rotation ends the session too",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const tab = world.browser();
      tab.cookie = ann.cookie;
      await ann.request((session) => rotate(session));
      await tab.request((session) => logout(session));
      assert.equal(tab.cookie, undefined);
      await assertGone(world, ann.cookie);
    },
  },
  {
    promise: "C6",
    name: "a request whose session ends while it runs sends no cookie, whatever it writes",
    async run(world) {
      const heard = world.heard("discarded");
      const ann = await world.visitor({ visits: 1 });
      const handle = handleIn(ann);
      const slow = await ann.begin();
      slow.visits = 2;
      rotate(slow);
      await ann.request((session) => logout(session));
      assert.equal(await ann.end(slow), undefined);
      assert.equal(ann.cookie, undefined);
      assert.deepEqual(
        heard.map((event) => [event.handle, event.reason]),
        [[handle, "ended"]],
      );
    },
  },
  {
    promise: "C6",
    name: "a second logout of the same session sends no removal, which could remove a newer cookie",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const slow = await ann.begin();
      logout(slow);
      await ann.request((session) => logout(session));
      await ann.request(set({ visits: 10 }));
      assert.equal(await ann.end(slow), undefined);
      assert.deepEqual(await ann.request((session) => session.visits), 10);
    },
  },
  {
    promise: "C6",
    name: "just after a sign-in, a request with the id from before it is anonymous and sets no cookie",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const old = world.browser();
      old.cookie = ann.cookie;
      await ann.request((session) => login(session, "ann"));
      for (const act of [
        set({ visits: 99 }),
        (session: Session<Data>) => logout(session),
        (session: Session<Data>) => replaceData(session, {}),
        nothing,
      ]) {
        const session = await old.begin();
        assert.deepEqual({ ...session }, {});
        act(session);
        assert.equal(await world.sessions().commit(session), undefined);
      }
      assert.equal(await ann.request((session) => session.visits), 1);
    },
  },
];
