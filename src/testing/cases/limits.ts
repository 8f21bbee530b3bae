import assert from "node:assert/strict";
import { info } from "../../core/info.ts";
import type { SessionOptions } from "../../core/options.ts";
import { storedUser } from "../../core/realm.ts";
import { createSessions, type Sessions } from "../../core/sessions.ts";
import { login } from "../../core/verbs.ts";
import { StateError } from "../../errors.ts";
import { type Browser, browser } from "../browser.ts";
import { GatedBackend } from "../gated-backend.ts";
import { type Case, type Data, handleIn, type World } from "../world.ts";

const MOST = 3;

/** A browser that has signed in as ann; undefined if that was refused. */
async function signIn(world: World, on: Sessions<Data>, name: string): Promise<Browser<Data> | undefined> {
  const visitor = world.browser(on);
  try {
    await visitor.request((session) => {
      session.name = name;
      login(session, "ann");
    });
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    assert.equal(error.code, "limit", "the code of the error of a sign-in that is refused");
    assert.equal(error.status, 409, "its status");
    assert.equal(visitor.cookie, undefined, "the cookie that it sends");
    return undefined;
  }
  return visitor;
}

/** A request that writes. */
async function use(visitor: Browser<Data> | undefined): Promise<void> {
  await visitor!.request((session) => {
    session.visits = 1;
  });
}

/** Two servers whose users may have three sessions. */
function servers(world: World, onLimit: SessionOptions["onLimit"]): Sessions<Data>[] {
  return [1, 2].map(() => world.sessions({ perUser: MOST, onLimit }));
}

async function names(on: Sessions<Data>): Promise<string[]> {
  const listed = await on.list({ userId: "ann" }).toArray();
  return listed.map(({ data }) => String(data.name)).sort();
}

/** Returns how many of these browsers are signed in. */
async function liveOf(visitors: readonly (Browser<Data> | undefined)[]): Promise<number> {
  let count = 0;
  for (const visitor of visitors)
    if (visitor?.cookie !== undefined && info(await visitor.begin()).userId === "ann") count++;
  return count;
}

const atOnce = (["end-oldest", "end-idlest", "refuse"] as const).map(
  (onLimit): Case => ({
    promise: "U4",
    name: `of twelve sign-ins at once on two servers, exactly three live (onLimit: ${onLimit})`,
    async run(world) {
      const on = servers(world, onLimit);
      const ended = world.heard("revoked");
      const visitors = await Promise.all(
        Array.from({ length: 12 }, async (_, n) => signIn(world, on[n % 2]!, `device ${n}`)),
      );
      assert.equal(await on[0]!.count({ userId: "ann" }), MOST, "how many sessions the user has");
      assert.equal(await liveOf(visitors), MOST, "how many browsers are signed in");
      const accepted = visitors.filter((visitor) => visitor !== undefined).length;
      assert.equal(accepted, onLimit === "refuse" ? MOST : 12, "how many sign-ins were accepted");
      assert.equal(ended.length, accepted - MOST, "how many sessions the event revoked has told of");
      for (const { reason } of ended) assert.equal(reason, "limit", "the reason in the event revoked");
      // Whoever signs in later finds the same.
      await signIn(world, on[1]!, "later");
      assert.equal(await on[0]!.count({ userId: "ann" }), MOST, "how many there are after one more sign-in");
    },
  }),
);

/** Seconds after which a sign-in that has not counted is that of a server that died, or after which its turn is over. */
const LEFT = 61;

const late = (["end-oldest", "end-idlest", "refuse"] as const).map(
  (onLimit): Case => ({
    promise: "U4",
    name: `a sign-in that the store carries out when its server has died counts for nothing (onLimit: ${onLimit})`,
    async run(world) {
      const [on] = servers(world, onLimit);
      const store = new GatedBackend(world.store.inner);
      let gate = store.hold("create");
      const dying = browser(
        createSessions<Data>({ backend: store, perUser: MOST, onLimit, lock: { ttl: 1 } }),
      );
      const dead = dying.request((session) => login(session, "ann")).catch(() => {});
      await gate.reached;
      if (onLimit === "refuse") {
        // That was the record that has the lock of the user's sign-ins.
        gate.open();
        gate = store.hold("create");
        await gate.reached;
        await world.advance(LEFT);
      }
      for (const name of ["first", "second", "third"]) await signIn(world, on!, name);
      store.fail(["patch", "delete", "listByUser", "lock", "relock"]);
      gate.open();
      await dead;
      assert.deepEqual(await names(on!), ["first", "second", "third"]);
      await world.advance(LEFT);
      await signIn(world, on!, "fourth");
      const records = await world.store.inner.listByUser(storedUser(on!.options.realm, "ann"));
      assert.equal(records.length, MOST, "how many records there are");
      assert.equal(await on!.count({ userId: "ann" }), MOST, "how many sessions the user has");
    },
  }),
);

/** At most n sessions of a user: what several servers do at once is decided by the store. */
export const limitCases: readonly Case[] = [
  ...atOnce,
  ...late,
  {
    promise: "U4",
    name: "the session that was signed in to first is ended, also if it was used last",
    async run(world) {
      const [on] = servers(world, "end-oldest");
      const first = await signIn(world, on!, "first");
      for (const name of ["second", "third"]) {
        await world.advance(100);
        await signIn(world, on!, name);
      }
      await world.advance(100);
      await use(first);
      await signIn(world, on!, "fourth");
      assert.deepEqual(await names(on!), ["fourth", "second", "third"]);
    },
  },
  {
    promise: "U4",
    name: "the session that was unused for longest is ended, also if it was signed in to last",
    async run(world) {
      const [on] = servers(world, "end-idlest");
      const [first, second] = [await signIn(world, on!, "first"), await signIn(world, on!, "second")];
      await world.advance(100);
      await signIn(world, on!, "third");
      await world.advance(1000);
      await use(first);
      await use(second);
      await signIn(world, on!, "fourth");
      assert.deepEqual(await names(on!), ["first", "fourth", "second"]);
    },
  },
  {
    promise: "U4",
    name: "a sign-in that is refused leaves the session that it was in, and one as the same user is none too many",
    async run(world) {
      const [on] = servers(world, "refuse");
      const visitors = [];
      for (const name of ["first", "second", "third"]) visitors.push(await signIn(world, on!, name));
      const guest = await world.visitor({ cart: ["apple"] }, on);
      const before = guest.cookie;
      await assert.rejects(
        guest.request((session) => login(session, "ann")),
        { code: "limit", status: 409 },
      );
      assert.equal(guest.cookie, before, "the cookie after a sign-in that was refused");
      const session = await guest.begin();
      assert.deepEqual([info(session).userId, { ...session }], [undefined, { cart: ["apple"] }]);
      await visitors[0]!.request((again) => login(again, "ann"));
      assert.deepEqual(await names(on!), ["first", "second", "third"]);
      await on!.revoke({ handle: handleIn(visitors[1]!) });
      await guest.request((again) => login(again, "ann"));
      assert.equal(await on!.count({ userId: "ann" }), MOST);
    },
  },
  {
    promise: "U4",
    name: "of two sign-ins at once in one session, the second begins another one, which counts",
    async run(world) {
      const on = world.sessions({ perUser: 1, onLimit: "refuse" });
      const guest = await world.visitor({ cart: ["apple"] }, on);
      const [one, other] = [await guest.begin(), await guest.begin()];
      login(one, "ann");
      login(other, "ann");
      await guest.end(one);
      await assert.rejects(guest.end(other), { code: "limit", status: 409 });
      assert.equal(await on.count({ userId: "ann" }), 1, "how many sessions the user has");
    },
  },
  {
    promise: "U4",
    name: "a session that its user signs in to again while it is about to be ended stays",
    async run(world) {
      const [one, other] = servers(world, "end-oldest");
      const first = await signIn(world, one!, "first");
      for (const name of ["second", "third"]) {
        await world.advance(100);
        await signIn(world, one!, name);
      }
      await world.advance(100);
      const gate = world.store.hold("delete", "before");
      const fourth = signIn(world, other!, "fourth");
      await gate.reached;
      await first!.request((session) => {
        session.name = "first, again";
        login(session, "ann");
      });
      gate.open();
      await fourth;
      assert.deepEqual(await names(one!), ["first, again", "fourth", "third"]);
    },
  },
  {
    promise: "U4",
    name: "what a server left that died between a sign-in and its end is ended by the next sign-in",
    async run(world) {
      const [on] = servers(world, "end-oldest");
      for (let n = 0; n < 5; n++) await signIn(world, world.sessions(), `unlimited ${n}`);
      await signIn(world, on!, "next");
      const left = await names(on!);
      assert.equal(left.length, MOST, "how many sessions the user has after the next sign-in");
      assert.ok(left.includes("next"), "the session of the next sign-in should be one of them");
    },
  },
  {
    promise: "U4",
    name: "other users, and those whom a function allows any number, keep theirs",
    async run(world) {
      const on = world.sessions({ perUser: (userId) => (userId === "ann" ? 1 : Number.POSITIVE_INFINITY) });
      for (let n = 0; n < 3; n++) {
        await world.browser(on).request((session) => login(session, "bob"));
        await world.browser(on).request((session) => login(session, "ann"));
      }
      assert.deepEqual([await on.count({ userId: "bob" }), await on.count({ userId: "ann" })], [3, 1]);
    },
  },
];
