import assert from "node:assert/strict";
import type { OptionCaseOn } from "./_option-cases.ts";
import type { Wanted } from "./_option-site.ts";

const NAME = "x-session-token";
const HEADER: Wanted = { tokenHeader: "X-Session-Token" };

/** The session's token in a header of its own, for clients that keep no cookies. */
export const headerCases: readonly OptionCaseOn[] = [
  {
    name: "header: a client that sends it gets its token there, and no cookie",
    wanted: [HEADER],
    async run({ jar }) {
      const app = jar();
      const { headers, setCookie } = await app.get("/count", { [NAME]: "new" });
      const token = headers[NAME];
      assert.match(String(token), /^[A-Za-z0-9_-]{48}$/);
      assert.deepEqual(setCookie, []);
      assert.equal(headers["cache-control"], "no-store");
      const again = await app.get("/count", { [NAME]: String(token) });
      assert.equal(again.text, "2");
      assert.equal(again.headers[NAME], undefined);
      assert.equal((await app.get("/read")).text, "{}");
    },
  },
  {
    name: "header: who does not send it has a cookie, and no header in the answer",
    wanted: [HEADER],
    async run({ jar }) {
      const ann = jar();
      const { headers, setCookie } = await ann.get("/count");
      assert.equal(setCookie.length, 1);
      assert.equal(headers[NAME], undefined);
      assert.equal((await ann.get("/count")).text, "2");
    },
  },
  {
    name: "header: the cookie of a request that sends it is not looked at",
    wanted: [HEADER],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/count");
      const app = await jar().get("/count", { [NAME]: "new" });
      const token = String(app.headers[NAME]);
      assert.equal((await ann.get("/count", { [NAME]: token })).text, "2");
      stores[0]!.forget();
      for (const value of ["new", "", "forged"]) {
        assert.equal((await ann.get("/read", { [NAME]: value })).text, "{}", value);
      }
      assert.deepEqual(stores[0]!.calls, []);
      assert.equal((await ann.get("/read")).text, '{"visits":1}');
    },
  },
  {
    name: "header: every answer that looked at the session varies on both",
    wanted: [HEADER],
    async run({ jar }) {
      for (const headers of [{}, { [NAME]: "new" }] as Record<string, string>[]) {
        const { vary = "" } = (await jar().get("/read", headers)).headers;
        assert.deepEqual(vary.toLowerCase().split(", ").sort(), ["cookie", NAME]);
        assert.equal((await jar().get("/read", headers)).headers[NAME], undefined);
      }
    },
  },
  {
    name: "header: a sign-in answers a new token, and the old one is dead",
    wanted: [HEADER],
    async run({ jar }) {
      const app = jar();
      const old = String((await app.get("/count", { [NAME]: "new" })).headers[NAME]);
      const { headers, setCookie } = await app.get("/login", { [NAME]: old });
      const token = String(headers[NAME]);
      assert.notEqual(token, old);
      assert.deepEqual(setCookie, []);
      assert.equal((await app.get("/read", { [NAME]: token })).text, '{"visits":1}');
      assert.equal((await app.get("/read", { [NAME]: old })).text, "{}");
    },
  },
  {
    name: "header: the end of a session is answered with an empty one",
    wanted: [HEADER],
    async run({ jar }) {
      const app = jar();
      const token = String((await app.get("/count", { [NAME]: "new" })).headers[NAME]);
      const { headers, setCookie } = await app.get("/logout", { [NAME]: token });
      assert.equal(headers[NAME], "");
      assert.deepEqual(setCookie, []);
      assert.equal(headers["cache-control"], "no-store");
      assert.equal((await app.get("/read", { [NAME]: token })).text, "{}");
    },
  },
  {
    name: "header: no token goes with an answer whose save failed",
    wanted: [HEADER],
    async run({ stores, jar }) {
      stores[0]!.fail(["create"]);
      const { status, headers, setCookie } = await jar().get("/count", { [NAME]: "new" });
      assert.equal(status, 503);
      assert.ok(!headers[NAME]);
      assert.deepEqual(setCookie, []);
    },
  },
  {
    name: "header: exclusive holds for it, too",
    wanted: [{ ...HEADER, mount: { exclusive: true } }],
    async run({ slow, waiting, jar }) {
      const token = String((await jar().get("/count", { [NAME]: "new" })).headers[NAME]);
      const answers = [jar().get("/slow", { [NAME]: token }), jar().get("/slow", { [NAME]: token })];
      await slow.reached;
      for (let round = 0; round < 3; round++) await jar().get("/count");
      assert.equal(waiting(), 1);
      slow.open();
      assert.deepEqual((await Promise.all(answers)).map(({ text }) => text).sort(), ["2", "3"]);
    },
  },
];
