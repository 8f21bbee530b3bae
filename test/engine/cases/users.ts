import assert from "node:assert/strict";
import { info } from "micropie/core/info";
import { login, logout } from "micropie/core/verbs";
import type { Browser } from "micropie/testing";
import { type Data, found, handleIn, type World } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

/** A browser in which this user has signed in. */
async function signedIn(world: World, userId: string, data: Partial<Data> = {}): Promise<Browser<Data>> {
  const visitor = world.browser();
  await visitor.request((session) => {
    Object.assign(session, data);
    login(session, userId);
  });
  return visitor;
}

const userOf = (visitor: Browser<Data>): Promise<string | undefined> =>
  visitor.request((session) => info(session).userId);

/** Whose session it is. */
export const usersCases: readonly EngineCase[] = [
  {
    promise: "U1",
    name: "a sign-in ties the session to its user and keeps the data",
    async run(world) {
      const ann = await world.visitor({ visits: 7 });
      await ann.request((session) => login(session, "ann"));
      assert.equal(await userOf(ann), "ann");
      assert.deepEqual(await found(ann), { visits: 7 });
      const [listed, ...more] = await world.sessions().list({ userId: "ann" }).toArray();
      assert.equal(more.length, 0);
      assert.equal(listed?.handle, handleIn(ann));
      assert.deepEqual({ ...listed?.data }, { visits: 7 });
    },
  },
  {
    promise: "U1",
    name: "a session without data can be signed in, and stays signed in when its data is removed",
    async run(world) {
      const ann = await signedIn(world, "ann");
      assert.equal(await userOf(ann), "ann");
      await ann.request(set({ visits: 1 }));
      await ann.request((session) => void delete session.visits);
      assert.equal(await userOf(ann), "ann");
    },
  },
  {
    promise: "U1",
    name: "one session is revoked by its handle; the user's other sessions go on",
    async run(world) {
      const revoked = world.heard("revoked");
      const [laptop, phone] = [await signedIn(world, "ann"), await signedIn(world, "ann")];
      const on = world.sessions();
      assert.equal(await on.revoke({ handle: handleIn(phone) }), 1);
      assert.equal(await on.revoke({ handle: handleIn(phone) }), 0);
      assert.equal(await userOf(phone), undefined);
      assert.equal(await userOf(laptop), "ann");
      assert.deepEqual(
        revoked.map((event) => event.handle),
        [handleIn(phone)],
      );
    },
  },
  {
    promise: "U1",
    name: "all other sessions of a user can be revoked while the one in use lives on",
    async run(world) {
      const [here, there] = [await signedIn(world, "ann"), await signedIn(world, "ann")];
      const bob = await signedIn(world, "bob");
      const session = await here.begin();
      assert.equal(await world.sessions().revoke({ userId: "ann", except: session }), 1);
      assert.equal(await world.sessions().revoke({ userId: "ann", except: handleIn(here) }), 0);
      assert.deepEqual(
        [await userOf(here), await userOf(there), await userOf(bob)],
        ["ann", undefined, "bob"],
      );
      assert.equal(await world.sessions().revoke({ userId: "ann" }), 1);
      assert.equal(await userOf(here), undefined);
    },
  },
  {
    promise: "U1",
    name: "a sign-in that is stored before a revocation of all is revoked, even if its answer arrives later",
    async run(world) {
      for (const verb of ["create", "patch"] as const) {
        const visitor = verb === "create" ? world.browser() : await world.visitor({ visits: 1 });
        const session = await visitor.begin();
        login(session, "ann");
        const gate = world.store.hold(verb, "after");
        const answering = visitor.end(session);
        await gate.reached;
        assert.equal(await world.sessions().revoke({ userId: "ann" }), 1);
        gate.open();
        await answering;
        assert.equal(await userOf(visitor), undefined);
        assert.deepEqual(await world.sessions().list({ userId: "ann" }).toArray(), []);
      }
    },
  },
  {
    promise: "U1",
    name: "a sign-in that reaches the store after a revocation of all is listed and can be revoked",
    async run(world) {
      for (const verb of ["create", "patch"] as const) {
        const visitor = verb === "create" ? world.browser() : await world.visitor({ visits: 1 });
        const session = await visitor.begin();
        login(session, "ann");
        const gate = world.store.hold(verb, "before");
        const answering = visitor.end(session);
        await gate.reached;
        assert.equal(await world.sessions().revoke({ userId: "ann" }), 0);
        gate.open();
        await answering;
        assert.equal(await userOf(visitor), "ann");
        assert.equal(await world.sessions().revoke({ userId: "ann" }), 1);
        assert.equal(await userOf(visitor), undefined);
      }
    },
  },
  {
    promise: "U1",
    name: "a logout removes the session from the user's list",
    async run(world) {
      const ann = await signedIn(world, "ann");
      await ann.request((session) => logout(session));
      assert.deepEqual(await world.sessions().list({ userId: "ann" }).toArray(), []);
    },
  },
  {
    promise: "U1",
    name: "the data of a listed session is a copy",
    async run(world) {
      const ann = await signedIn(world, "ann", { cart: ["tea"] });
      const [listed] = await world.sessions().list({ userId: "ann" }).toArray();
      listed?.data.cart?.push("poison");
      assert.deepEqual(await found(ann), { cart: ["tea"] });
    },
  },
];
