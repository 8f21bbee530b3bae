import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import type { AnySession } from "micropie/core/register";
import { replaceData } from "micropie/core/session";
import { login, logout, rotate } from "micropie/core/verbs";
import { assertGone, found, handleIn, tokenIn } from "micropie/testing/world";
import { type EngineCase, set } from "../world.ts";

const MALFORMED = [
  "",
  "x",
  "a".repeat(47),
  "a".repeat(49),
  `${"a".repeat(47)}!`,
  "a b",
  "%61".repeat(16),
  "ü".repeat(48),
];

/** What a browser and its cookie see of sessions, and what the store sees of them. */
export const visitsCases: readonly EngineCase[] = [
  {
    promise: "B1",
    name: "what a request writes, the next one reads",
    async run({ browser }) {
      const ann = browser();
      for (let visit = 1; visit <= 3; visit++) {
        await ann.request((session) => set({ visits: (session.visits ?? 0) + 1 })(session));
        assert.deepEqual(await found(ann), { visits: visit });
      }
    },
  },
  {
    promise: "B1",
    name: "a request that changes nothing writes nothing, even if it assigns what was there",
    async run({ store, visitor }) {
      const ann = await visitor({ visits: 1, cart: ["tea"] });
      store.forget();
      await ann.request((session) => session.cart?.map(String));
      await ann.request(set({ visits: 1, cart: ["tea"] }));
      await ann.request((session) => {
        session.name = "gone again";
        delete session.name;
      });
      assert.deepEqual(store.calls, ["read", "read", "read"]);
      assert.equal(ann.received.length, 1);
    },
  },
  {
    promise: "B2",
    name: "a request that stores nothing makes no call of the store and gets no cookie",
    async run({ store, browser }) {
      const ann = browser();
      await ann.request(() => {});
      await ann.request((session) => session.visits);
      await ann.request((session) => logout(session));
      await ann.request((session) => replaceData(session, {}));
      await ann.request((session) => rotate(session));
      assert.deepEqual(store.calls, []);
      assert.deepEqual(ann.received, []);
    },
  },
  {
    promise: "B2",
    name: "a cookie of the wrong shape is never looked up",
    async run({ store, browser }) {
      for (const value of MALFORMED) {
        const ann = browser();
        ann.cookie = `session_id=${value}`;
        assert.deepEqual(await found(ann), {});
      }
      assert.deepEqual(store.calls, []);
    },
  },
  {
    promise: "B2",
    name: "a hundred invented cookies write nothing",
    async run({ store, browser }) {
      for (let n = 0; n < 100; n++) {
        const ann = browser();
        ann.cookie = `session_id=${randomBytes(36).toString("base64url")}`;
        await ann.request((session) => session.visits);
        assert.deepEqual(ann.received, []);
      }
      assert.equal(store.writes, 0);
    },
  },
  {
    promise: "B3",
    name: "the cookie is session_id; Path=/; HttpOnly; Secure; SameSite=Lax, sent only when it changes",
    async run({ browser }) {
      const ann = browser();
      await ann.request(set({ visits: 1 }));
      await ann.request(set({ visits: 2 }));
      assert.equal(ann.received.length, 1);
      assert.match(ann.received[0]!, /^session_id=[\w-]{48}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    },
  },
  {
    promise: "B5",
    name: "a logout, or emptying a session, deletes the record and removes the cookie with the same attributes",
    async run(world) {
      const on = world.sessions({
        cookie: { name: "sid", path: "/shop", domain: "example.com", sameSite: "none", partitioned: true },
      });
      const endings = [
        (session: AnySession) => logout(session),
        (session: AnySession) => replaceData(session, {}),
        (session: { visits?: unknown }) => void delete session.visits,
      ];
      for (const end of endings) {
        const ann = await world.visitor({ visits: 1 }, on);
        const { cookie } = ann;
        await ann.request(end);
        const [given, removal] = ann.received;
        assert.match(removal!, /^sid=;.* Max-Age=0;/);
        const attributes = given!.slice(given!.indexOf("; Path"));
        assert.ok(removal!.endsWith(attributes), `${removal} / ${attributes}`);
        await assertGone(world, cookie?.replace("sid", "session_id"));
      }
    },
  },
  {
    promise: "B7",
    name: "an id that the server did not issue is never adopted",
    async run({ browser }) {
      const ann = browser();
      const made = randomBytes(36).toString("base64url");
      ann.cookie = `session_id=${made}`;
      await ann.request(set({ visits: 1 }));
      assert.notEqual(handleIn(ann), made.slice(0, 16));
      const attacker = browser();
      attacker.cookie = `session_id=${made}`;
      assert.deepEqual(await found(attacker), {});
    },
  },
  {
    promise: "B7",
    name: "the right handle with a wrong secret finds no session and is reported",
    async run({ browser, heard, store, visitor }) {
      const unknown = heard("unknown");
      const ann = await visitor({ visits: 1 });
      const guesser = browser();
      guesser.cookie = `session_id=${handleIn(ann)}${randomBytes(24).toString("base64url")}`;
      store.forget();
      assert.deepEqual(await found(guesser), {});
      assert.equal(store.writes, 0);
      assert.deepEqual(unknown, [{ handle: handleIn(ann) }]);
    },
  },
  {
    promise: "S2",
    name: "the store holds only a hash of the secret: what it holds opens no session",
    async run({ browser, store, visitor }) {
      const ann = await visitor({ visits: 1 });
      await ann.request((session) => rotate(session));
      const secret = tokenIn(ann).slice(16);
      const record = await store.inner.read(handleIn(ann));
      assert.equal(
        record?.secretHash,
        createHash("sha256").update(`${secret}session_id`).digest("base64url"),
      );
      const dump = JSON.stringify([record, await store.inner.load(handleIn(ann))]);
      assert.ok(!dump.includes(secret) && !dump.includes(tokenIn(ann)));
      const thief = browser();
      for (const hash of [record.secretHash, record.previousSecretHash ?? ""]) {
        thief.cookie = `session_id=${handleIn(ann)}${hash.slice(0, 32)}`;
        assert.deepEqual(await found(thief), {});
        thief.cookie = `session_id=${handleIn(ann)}${hash}`;
        assert.deepEqual(await found(thief), {});
      }
    },
  },
  {
    promise: "S3",
    name: "no event carries a secret or its hash",
    async run(world) {
      const heard = (["created", "rotated", "logged_out", "reused", "unknown", "discarded"] as const).map(
        (name) => world.heard(name),
      );
      const ann = await world.visitor({ visits: 1 });
      const secrets = [tokenIn(ann).slice(16)];
      const old = world.browser();
      old.cookie = ann.cookie;
      await ann.request((session) => rotate(session));
      await world.advance(20);
      await found(old);
      secrets.push(tokenIn(ann).slice(16));
      await ann.request((session) => login(session, "ann"));
      secrets.push(tokenIn(ann).slice(16));
      const slow = await ann.begin();
      slow.visits = 2;
      await ann.request((session) => logout(session));
      await ann.end(slow);
      await found(old);
      const text = JSON.stringify(heard);
      assert.ok(heard.every((events) => events.length > 0));
      for (const secret of secrets) {
        const hash = createHash("sha256").update(`${secret}session_id`).digest("base64url");
        assert.ok(!text.includes(secret) && !text.includes(hash));
      }
    },
  },
  {
    promise: "S6",
    name: "of several cookies with the session's name, the one with a session is found",
    async run({ browser, visitor }) {
      const ann = await visitor({ visits: 1 });
      const made = Array.from({ length: 3 }, () => `session_id=${randomBytes(36).toString("base64url")}`);
      for (let place = 0; place <= made.length; place++) {
        const mixed = browser();
        mixed.cookie = ["session_id=junk", ...made.toSpliced(place, 0, ann.cookie!), "other=1"].join("; ");
        assert.deepEqual(await found(mixed), { visits: 1 });
      }
    },
  },
  {
    promise: "S6",
    name: "a logout ends every session that the request presented, whichever of them it had opened",
    async run(world) {
      const endings = [
        (session: AnySession) => logout(session),
        (session: AnySession) => replaceData(session, {}),
      ];
      for (const end of endings) {
        const heard = world.heard("logged_out");
        const tossed = await world.visitor({ visits: 666 });
        const ann = await world.visitor({ visits: 1 });
        await ann.request((session) => login(session, "ann"));
        const made = `session_id=${randomBytes(36).toString("base64url")}`;
        const browser = world.browser();
        browser.cookie = [made, tossed.cookie, made, ann.cookie, tossed.cookie].join("; ");
        await browser.request(end);
        assert.match(browser.received[0]!, /Max-Age=0/);
        for (const { cookie } of [tossed, ann]) await assertGone(world, cookie);
        assert.deepEqual(
          heard.map(({ handle, userId }) => [handle, userId]).sort(),
          [
            [handleIn(tossed), null],
            [handleIn(ann), "ann"],
          ].sort(),
        );
      }
    },
  },
  {
    promise: "S6",
    name: "a logout that cannot end a session beside its own fails, and ends all when it is tried again",
    async run(world) {
      const [ann, other] = [await world.visitor({ visits: 1 }), await world.visitor({ visits: 2 })];
      const both = world.browser();
      both.cookie = `${ann.cookie}; ${other.cookie}`;
      world.store.fail(["delete"]);
      await assert.rejects(
        both.request((session) => logout(session)),
        { code: "backend_failed" },
      );
      world.store.mend();
      assert.deepEqual(await found(ann), { visits: 1 });
      await both.request((session) => logout(session));
      for (const { cookie } of [ann, other]) await assertGone(world, cookie);
    },
  },
  {
    promise: "S6",
    name: "any number of made-up cookies before ours or behind it does not hide it, and ours does not end with theirs",
    async run({ browser, visitor }) {
      const ann = await visitor({ visits: 1 });
      const made = Array.from({ length: 50 }, () => `session_id=${randomBytes(36).toString("base64url")}`);
      for (const cookies of [
        [...made, ann.cookie],
        [ann.cookie, ...made],
      ]) {
        const hidden = browser();
        hidden.cookie = cookies.join("; ");
        assert.deepEqual(await found(hidden), { visits: 1 });
      }
    },
  },
  {
    promise: "S6",
    name: "five hundred cookies with the session's name cost a bounded number of look-ups",
    async run({ store, browser }) {
      const flood = browser();
      flood.cookie = Array.from(
        { length: 500 },
        () => `session_id=${randomBytes(36).toString("base64url")}`,
      ).join("; ");
      assert.deepEqual(await found(flood), {});
      assert.ok(store.calls.length <= 8, `${store.calls.length} look-ups`);
    },
  },
];
