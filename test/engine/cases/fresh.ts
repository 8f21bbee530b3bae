import assert from "node:assert/strict";
import { info } from "micropie/core/info";
import type { Session } from "micropie/core/session";
import { login, logout, rotate } from "micropie/core/verbs";
import { AccessError, ConfigError, StateError } from "micropie/errors";
import { requireFresh, requireUser } from "micropie/guards";
import type { Browser } from "micropie/testing";
import type { Data } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

/** When and how a user has signed in. */
export const freshCases: readonly EngineCase[] = [
  {
    promise: "U5",
    name: "info tells when a user proved who it is and by what, as soon as the sign-in is asked for",
    async run(world) {
      const ann = world.browser();
      const due = await ann.request((session) => {
        login(session, "ann", { by: ["password", "password"] });
        rotate(session, "elevated", { by: ["totp"] });
        const { by, authenticatedAt, signedInAt } = info(session);
        return { by, isNow: authenticatedAt === signedInAt && authenticatedAt !== undefined };
      });
      assert.deepEqual(due, { by: ["password", "totp"], isNow: true });
      const { by, authenticatedAt, signedInAt } = await ann.request((session) => info(session));
      assert.deepEqual(by, ["password", "totp"]);
      assert.equal(authenticatedAt, signedInAt);
      const nobody = await world.browser().request((session) => info(session));
      assert.deepEqual([nobody.by, nobody.authenticatedAt], [[], undefined]);
    },
  },
  {
    promise: "U5",
    name: "a factor that comes later moves the time of the proof, and neither that of the sign-in nor a deadline",
    async run(world) {
      const on = world.sessions({ timeouts: "aal2" });
      const ann = world.browser(on);
      await ann.request((session) => login(session, "ann", { by: ["password"], remember: true }));
      const before = await ann.request((session) => info(session));
      await world.advance(700);
      const due = await ann.request((session) => {
        rotate(session, "elevated", { by: ["totp"] });
        return info(session);
      });
      const after = await ann.request((session) => info(session));
      for (const told of [due, after]) {
        const { signedInAt, absoluteExpiresAt, persistent, handle, by } = told;
        const { signedInAt: when, absoluteExpiresAt: until, persistent: stays, handle: name } = before;
        assert.deepEqual([signedInAt, absoluteExpiresAt, persistent, handle], [when, until, stays, name]);
        assert.deepEqual(by, ["password", "totp"]);
        const later = (told.authenticatedAt ?? 0) - (signedInAt ?? 0);
        assert.ok(later > 698 && later <= 701, `${later}`);
      }
    },
  },
  {
    promise: "U5",
    name: "what a factor proves is over after its time, whatever is proved or rotated since",
    async run(world) {
      const ann = await signedIn(world.browser());
      assert.deepEqual(await asked(ann, "10m"), "ann");
      assert.deepEqual(await asked(ann, "10m", "totp"), { code: "not_fresh", maxAge: 600, by: ["totp"] });
      await ann.request((session) => rotate(session, "elevated", { by: ["totp"] }));
      await world.advance(590);
      assert.equal(await asked(ann, "10m", "totp"), "ann");
      await ann.request((session) => rotate(session, "elevated", { by: ["passkey"] }));
      await ann.request((session) => rotate(session, "elevated"));
      await world.advance(20);
      assert.deepEqual(await asked(ann, "10m", "totp"), { code: "not_fresh", maxAge: 600, by: ["totp"] });
      assert.equal(await asked(ann, "10m", "passkey"), "ann");
      assert.equal(await asked(ann, "10m"), "ann");
      assert.equal(await asked(ann, 60 * 60, "totp"), "ann");
      await world.advance(600);
      assert.deepEqual(await asked(ann, "10m"), { code: "not_fresh", maxAge: 600, by: [] });
    },
  },
  {
    promise: "U5",
    name: "to sign in again as the same user renews secret and rights, and what was proved before leaves",
    async run(world) {
      const ann = await signedIn(world.browser());
      await ann.request(set({ color: "red" }));
      await ann.request((session) => rotate(session, "elevated", { by: ["totp"] }));
      const before = await ann.request((session) => info(session));
      const slow = await ann.begin();
      const old = world.browser();
      old.cookie = ann.cookie;
      await world.advance(700);
      await ann.request((session) => login(session, "ann", { by: ["password"] }));
      slow.name = "from before";
      await ann.end(slow).catch((error: unknown) => assert.ok(error instanceof StateError));
      const after = await ann.request((session) => ({ ...info(session), data: { ...session } }));
      assert.deepEqual(after.data, { color: "red" });
      assert.deepEqual([after.by, after.handle], [["password"], before.handle]);
      assert.ok((after.signedInAt ?? 0) - (before.signedInAt ?? 0) > 690);
      assert.deepEqual(await asked(ann, "10m", "totp"), { code: "not_fresh", maxAge: 600, by: ["totp"] });
      assert.equal(await old.request((session) => info(session).userId), undefined);
    },
  },
  {
    promise: "U5",
    name: "a guard refuses nobody by name, and who has just signed out",
    async run(world) {
      const ann = world.browser();
      assert.deepEqual(await asked(ann, "10m"), { code: "no_user", maxAge: undefined, by: [] });
      const both = await ann.request((session) => {
        login(session, "ann");
        const before = requireUser(session);
        assert.equal(requireFresh(session, "1s"), "ann");
        return before;
      });
      assert.equal(both, "ann");
      await ann.request((session) => {
        logout(session);
        assert.throws(() => requireUser(session), { code: "no_user", status: 401 });
      });
    },
  },
  {
    promise: "U5",
    name: "where nobody knows who is signed in, as the store is down, a guard says that, and asks for no sign-in",
    async run(world) {
      const on = world.sessions({ whenDown: "anonymous" });
      const ann = await signedIn(world.browser(on));
      world.store.fail(["read"]);
      const session = await on.load(ann.cookie);
      assert.throws(() => requireUser(session), { code: "read_only", status: 503 });
      assert.throws(() => requireFresh(session, "10m"), { code: "read_only", status: 503 });
      world.store.mend();
      assert.equal(await asked(ann, "10m"), "ann");
    },
  },
  {
    promise: "U5",
    name: "names of factors that are none, factors of nobody and durations that are none are refused at once",
    async run(world) {
      const ann = world.browser();
      await ann.request((session) => {
        const factors = { by: ["totp"] };
        assert.throws(() => rotate(session, "elevated", factors), { code: "no_user" });
        for (const by of ["totp", [""], ["TOTP"], [1], ["__proto__"], Array(9).fill("a"), ["a".repeat(33)]])
          assert.throws(() => login(session, "ann", { by: by as string[] }), TypeError, JSON.stringify(by));
        login(session, "ann");
        assert.throws(() => rotate(session, undefined, factors), /needs "elevated"/);
        assert.throws(() => rotate(session, "elevated", { factors: [] } as object), ConfigError);
        for (const within of ["ten", 600_000, -1, "0s"])
          assert.throws(() => requireFresh(session, within as "1s"), ConfigError, String(within));
      });
      assert.deepEqual((await ann.request((session) => info(session))).by, []);
    },
  },
  {
    promise: "U5",
    name: "a head whose factors are damaged proves nothing, and costs nobody the session",
    async run(world) {
      const ann = await signedIn(world.browser());
      const { handle = "" } = await ann.request((session) => info(session));
      const { inner } = world.store;
      const record = await inner.read(handle);
      for (const by of ["totp", null, ["totp"], { totp: "now", "": 1, TOTP: 2 }]) {
        const head = `${record!.head.replace(/,"by":\{[^}]*\}/, "").slice(0, -1)},"by":${JSON.stringify(by)}}`;
        const { version, epoch, data } = (await inner.read(handle))!;
        const changes = () => ({ set: new Map<string, string>(), unset: [] });
        const patch = { ifEpoch: epoch, baseVersion: version, data, changes, idleTimeout: 600, head };
        assert.equal(await inner.patch(handle, patch), "ok");
        assert.deepEqual(await ann.request((session) => info(session).by), []);
        assert.equal(await asked(ann, "10m"), "ann");
      }
    },
  },
];

async function signedIn(browser: Browser<Data>): Promise<Browser<Data>> {
  await browser.request((session) => login(session, "ann", { by: ["password"] }));
  return browser;
}

/** Returns the user, or what the guard asks for. */
function asked(browser: Browser<Data>, within: number | "10m", by?: string): Promise<unknown> {
  return browser.request((session: Session<Data>) => {
    try {
      return requireFresh(session, within, by);
    } catch (error) {
      assert.ok(error instanceof AccessError, String(error));
      return { code: error.code, maxAge: error.maxAge, by: error.by };
    }
  });
}
