import assert from "node:assert/strict";
import { exclusive, info, login, logout, save, update } from "micropie";
import * as v from "valibot";
import type { OptionCaseOn } from "./_option-cases.ts";

const FILLED = v.pipeAsync(
  v.looseObject({
    visits: v.optional(v.number(), 7),
    name: v.optional(v.string(), "nobody"),
    notice: v.optional(v.string(), ""),
  }),
  v.checkAsync(async () => true),
);

/** Calls that look natural, and must lose nothing or say so. */
export const trapCases: readonly OptionCaseOn[] = [
  {
    name: "a handler that calls sessions.commit leaves the cookie to the adapter",
    wanted: [{}],
    async run({ act, jar }) {
      act(async (session, sessions) => {
        session.visits = (session.visits ?? 0) + 1;
        await sessions.commit(session);
        return String(session.visits);
      });
      const ann = jar();
      assert.equal((await ann.get("/act")).setCookie.length, 1);
      const again = await ann.get("/act");
      assert.deepEqual([again.text, again.setCookie], ["2", []]);
    },
  },
  {
    name: "what an async schema gives an empty session is there for who has no cookie, and costs none",
    wanted: [{ schema: FILLED }],
    async run({ act, jar }) {
      act((session) => `${session.visits} ${session.name}`);
      const { text, setCookie } = await jar().get("/act");
      assert.deepEqual([text, setCookie], ["7 nobody", []]);
    },
  },
  {
    name: "a change through a reference from before exclusive is an error that says so, and nothing else is lost",
    wanted: [{}],
    async run({ act, jar }) {
      const ann = jar();
      act((session) => {
        session.cart = ["apple"];
        return "begun";
      });
      await ann.get("/act");
      act(async (session) => {
        const cart = session.cart as string[];
        const failed = await exclusive(session, () => {
          cart.push("pear");
        }).catch((error: unknown) => error as Error & { code: string });
        assert.match(String(failed), /session\.cart was changed through a reference/);
        return (failed as { code: string }).code;
      });
      assert.equal((await ann.get("/act")).text, "stale_edit");
      act(async (session) => {
        await exclusive(session, () => {
          (session.cart as string[]).push("pear");
        });
        (session.cart as string[]).push("plum");
        return "right";
      });
      assert.equal((await ann.get("/act")).text, "right");
      assert.equal((await ann.get("/read")).text, '{"cart":["apple","pear","plum"]}');
    },
  },
  {
    name: "a change through a reference from before update fails the request that made it",
    wanted: [{}],
    async run({ act, jar }) {
      const ann = jar();
      act((session) => {
        session.cart = ["apple"];
        return "begun";
      });
      await ann.get("/act");
      act(async (session) => {
        const cart = session.cart as string[];
        await update(session, "cart", (now) => [...(now as string[]), "pear"]);
        cart.push("lost");
        return "fine";
      });
      assert.equal((await ann.get("/act")).status, 500);
      assert.equal((await ann.get("/read")).text, '{"cart":["apple","pear"]}');
    },
  },
  {
    name: "info says in the request of a sign-in who is signed in, and in that of a logout nobody",
    wanted: [{}],
    async run({ act, jar }) {
      const ann = jar();
      const who = (session: Parameters<typeof info>[0]): string => {
        const { userId = "nobody", signedInAt, stored } = info(session);
        return `${userId} ${signedInAt === undefined ? "never" : "now"} ${stored}`;
      };
      act((session) => {
        const before = who(session);
        login(session, 7);
        return `${before}, ${who(session)}`;
      });
      assert.equal((await ann.get("/act")).text, "nobody never false, 7 now false");
      act((session) => {
        const before = who(session);
        logout(session);
        return `${before}, ${who(session)}`;
      });
      assert.equal((await ann.get("/act")).text, "7 now true, nobody never false");
      act((session) => who(session));
      assert.equal((await ann.get("/act")).text, "nobody never false");
    },
  },
  {
    name: "revoke with except in the request of a sign-in spares the session that signs in, and ends the user's others",
    wanted: [{}],
    async run({ act, jar, sessions }) {
      act((session) => {
        login(session, "ann");
        return "in";
      });
      const [phone, laptop] = [jar(), jar()];
      await phone.get("/act");
      await laptop.get("/count");
      act(async (session, engine) => {
        login(session, "ann");
        return String(await engine.revoke({ userId: "ann", except: session }));
      });
      assert.equal((await laptop.get("/act")).text, "1");
      act((session) => info(session).userId ?? "nobody");
      assert.equal((await laptop.get("/act")).text, "ann");
      assert.equal((await phone.get("/act")).text, "nobody");
      assert.equal(await sessions[0]!.count({ userId: "ann" }), 1);
    },
  },
  {
    name: "a copy of a session is refused by every verb",
    wanted: [{}],
    async run({ act, jar }) {
      const ann = jar();
      act(async (session) => {
        const copy = { ...session } as typeof session;
        const isRefused = { name: "StateError", code: "not_live" };
        for (const verb of [logout, info, () => login(copy, "ann")])
          assert.throws(() => verb(copy), isRefused);
        await assert.rejects(save(copy), isRefused);
        return "refused";
      });
      assert.equal((await ann.get("/act")).text, "refused");
    },
  },
];

/** Where the framework answers an error of a handler with the error's status. */
export const statusCases: readonly OptionCaseOn[] = [
  {
    name: "what was given as no user's id is a 400",
    wanted: [{}],
    async run({ act, jar }) {
      act((session) => {
        login(session, "");
        return "signed in";
      });
      assert.equal((await jar().get("/act")).status, 400);
    },
  },
];
