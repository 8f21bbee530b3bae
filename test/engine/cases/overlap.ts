import assert from "node:assert/strict";
import { take } from "micropie/core/take";
import { update } from "micropie/core/update";
import { found } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

/** Requests of one session that run at once. */
export const overlapCases: readonly EngineCase[] = [
  {
    promise: "C1",
    name: "two requests that change different keys both keep their change, whichever ends first",
    async run({ visitor }) {
      for (const order of ["first", "second"]) {
        const ann = await visitor({ visits: 1 });
        const one = await ann.begin();
        const two = await ann.begin();
        one.name = "Ann";
        two.color = "red";
        for (const session of order === "first" ? [one, two] : [two, one]) await ann.end(session);
        assert.deepEqual(await found(ann), { visits: 1, name: "Ann", color: "red" });
      }
    },
  },
  {
    promise: "C1",
    name: "a save that reaches the store late does not undo what another request has saved meanwhile",
    async run({ store, visitor }) {
      const ann = await visitor({ visits: 1, cart: ["tea"] });
      const slow = await ann.begin();
      slow.cart?.push("milk");
      const gate = store.hold("patch");
      const saving = ann.end(slow);
      await gate.reached;
      await ann.request(set({ name: "Ann" }));
      await ann.request(set({ visits: 2 }));
      gate.open();
      await saving;
      assert.deepEqual(await found(ann), { visits: 2, cart: ["tea", "milk"], name: "Ann" });
    },
  },
  {
    promise: "C1",
    name: "one request removes a key while another adds one: both take effect",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1, name: "Ann" });
      const one = await ann.begin();
      const two = await ann.begin();
      delete one.name;
      two.color = "red";
      await Promise.all([ann.end(one), ann.end(two)]);
      assert.deepEqual(await found(ann), { visits: 1, color: "red" });
    },
  },
  {
    promise: "C1",
    name: "of two requests that change the same key, the later save wins, and their other changes are kept",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1 });
      const one = await ann.begin();
      const two = await ann.begin();
      Object.assign(one, { name: "one", color: "red" });
      Object.assign(two, { name: "two", cart: [] });
      await ann.end(one);
      await ann.end(two);
      assert.deepEqual(await found(ann), { visits: 1, name: "two", color: "red", cart: [] });
    },
  },
  {
    promise: "C1",
    name: "one request removes the last key while another adds one: the session lives on with the new key",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1 });
      const one = await ann.begin();
      const two = await ann.begin();
      delete one.visits;
      two.name = "Ann";
      await ann.end(two);
      assert.equal(await ann.end(one), undefined);
      assert.deepEqual(await found(ann), { name: "Ann" });
    },
  },
  {
    promise: "O3",
    name: "what a stream changes after the headers is saved at its end, over what others saved meanwhile",
    async run({ sessions, visitor }) {
      const on = sessions();
      const ann = await visitor({ visits: 1 }, on);
      const stream = await ann.begin();
      stream.name = "begun";
      await ann.end(stream);
      await ann.request(set({ color: "red" }));
      stream.name = "done";
      assert.equal(await on.commit(stream), undefined);
      assert.deepEqual(await found(ann), { visits: 1, name: "done", color: "red" });
    },
  },
  {
    promise: "C2",
    name: "200 concurrent increments on one server count 200",
    async run({ sessions, visitor }) {
      const ann = await visitor({ visits: 0 });
      const on = sessions();
      await Promise.all(
        Array.from({ length: 200 }, async () => {
          const session = await on.load(ann.cookie);
          await update(session, "visits", (visits = 0) => visits + 1);
          await on.commit(session);
        }),
      );
      assert.deepEqual(await found(ann), { visits: 200 });
    },
  },
  {
    promise: "C2",
    name: "an update starts from the stored value, not from the value that the request has read",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1 });
      const session = await ann.begin();
      await ann.request(set({ visits: 41 }));
      session.name = "not saved yet";
      assert.equal(await update(session, "visits", (n = 0) => n + 1), 42);
      assert.equal(session.visits, 42);
      assert.deepEqual(await found(ann), { visits: 42 });
      await ann.end(session);
      assert.deepEqual(await found(ann), { visits: 42, name: "not saved yet" });
    },
  },
  {
    promise: "C2",
    name: "an update that another server overtakes is retried, and neither change is lost",
    async run(world) {
      const ann = await world.visitor({ visits: 0, cart: [] });
      const other = world.sessions();
      const session = await ann.begin();
      const gate = world.store.hold("patch");
      const updating = update(session, "cart", (cart = []) => [...cart, "slow"]);
      await gate.reached;
      const overtaking = await other.load(ann.cookie);
      await update(overtaking, "cart", (cart = []) => [...cart, "fast"]);
      gate.open();
      await world.environment.run(updating);
      assert.deepEqual(await found(ann), { visits: 0, cart: ["fast", "slow"] });
    },
  },
  {
    promise: "C2",
    name: "an update whose function throws stores nothing",
    async run({ visitor }) {
      const ann = await visitor({ visits: 1 });
      const session = await ann.begin();
      const failing = update(session, "visits", () => {
        throw new RangeError("no more visits");
      });
      await assert.rejects(failing, RangeError);
      assert.deepEqual(await found(ann), { visits: 1 });
    },
  },
  {
    promise: "C8",
    name: "a flash message that is set while another is being read is there for the next request",
    async run({ store, visitor }) {
      const ann = await visitor({ visits: 1, notice: "first" });
      const reader = await ann.begin();
      const gate = store.hold("patch");
      const reading = take(reader, "notice");
      await gate.reached;
      gate.open();
      assert.equal(await reading, "first");
      await ann.request((session) => {
        session.notice = "second";
      });
      await ann.end(reader);
      assert.equal(await ann.request((session) => take(session, "notice")), "second");
    },
  },
];
