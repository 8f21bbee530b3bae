import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { read, type SiteCase } from "../site.ts";

const COOKIE = /^session_id=[\w-]{48}; Path=\/; HttpOnly; Secure; SameSite=Lax$/;

/** What a browser sees of its session. */
export const visitCases: readonly SiteCase[] = [
  {
    promise: "B1",
    name: "a visit counter counts",
    async run({ browser }) {
      const ann = browser();
      for (const visits of ["1", "2", "3"]) assert.equal((await ann.get("/count")).text, visits);
      assert.deepEqual(await read(ann), { visits: 3 });
    },
  },
  {
    promise: "B1",
    name: "reading saves nothing and sets no cookie",
    async run({ store, visitor }) {
      const ann = await visitor();
      store.forget();
      assert.deepEqual((await ann.get("/read")).setCookie, []);
      assert.deepEqual(store.calls, ["read"]);
    },
  },
  {
    promise: "B2",
    name: "who stores nothing gets no cookie and costs the store nothing, whether the route looks or not",
    async run({ store, browser }) {
      for (const path of ["/none", "/read", "/logout", "/rotate", "/notice"]) {
        const answer = await browser().get(path);
        assert.ok(answer.status < 400, path);
        assert.deepEqual(answer.setCookie, [], path);
      }
      assert.deepEqual(store.calls, []);
    },
  },
  {
    promise: "B2",
    name: "a made-up cookie writes nothing, and one of the wrong shape is not even looked up",
    async run({ store, browser }) {
      assert.deepEqual(await read(browser(`session_id=${randomBytes(36).toString("base64url")}`)), {});
      assert.equal(store.writes, 0);
      store.forget();
      assert.deepEqual(await read(browser(`session_id=${"x".repeat(47)}`)), {});
      assert.deepEqual(store.calls, []);
    },
  },
  {
    promise: "B3",
    name: "the cookie comes once, with its attributes",
    async run({ browser }) {
      const ann = browser();
      const [line, ...more] = (await ann.get("/count")).setCookie;
      assert.deepEqual(more, []);
      assert.match(line ?? "", COOKIE);
      assert.deepEqual((await ann.get("/count")).setCookie, []);
    },
  },
  {
    promise: "B4",
    name: "a session ends when nobody has asked for it for its idle timeout",
    async run({ clock, visitor }) {
      const ann = await visitor();
      clock.advance(28_800);
      assert.deepEqual(await read(ann), {});
    },
  },
  {
    promise: "B5",
    name: "a logout ends the session and takes the cookie away, also with a redirect",
    async run({ browser, visitor }) {
      const ann = await visitor();
      const { cookie } = ann;
      const answer = await ann.get("/logout");
      assert.equal(answer.status, 303);
      assert.equal(answer.ours.length, 1);
      assert.match(
        answer.ours[0] ?? "",
        /^session_id=;.*Max-Age=0.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      assert.deepEqual(await read(browser(cookie)), {});
    },
  },
  {
    promise: "B7",
    name: "an id that the server did not issue is not adopted",
    async run({ browser }) {
      const made = `session_id=${randomBytes(36).toString("base64url")}`;
      const ann = browser(made);
      assert.equal((await ann.get("/count")).text, "1");
      assert.notEqual(ann.cookie?.slice(0, 27), made.slice(0, 27));
      assert.deepEqual(await read(browser(made)), {});
    },
  },
  {
    promise: "C5",
    name: "a sign-in brings a new id, and the old one is dead at once",
    async run({ browser, sessions, visitor }) {
      const ann = await visitor();
      const before = ann.cookie;
      assert.equal((await ann.get("/login", "POST")).ours.length, 1);
      assert.notEqual(ann.cookie, before);
      assert.deepEqual(await read(browser(before)), {});
      assert.deepEqual(await read(ann), { visits: 1 });
      assert.equal((await sessions.list({ userId: "ann" }).toArray()).length, 1);
    },
  },
  {
    promise: "S6",
    name: "of several cookies of our name, the one that stands for a session is found",
    async run({ browser, visitor }) {
      const ann = await visitor();
      const made = `session_id=${randomBytes(36).toString("base64url")}`;
      assert.deepEqual(await read(browser(`session_id=junk; other=1; ${made}; ${ann.cookie}; a=b`)), {
        visits: 1,
      });
    },
  },
  {
    promise: "C8",
    name: "a flash message is read once",
    async run({ visitor }) {
      const ann = await visitor();
      await ann.get("/flash");
      const read = await Promise.all([ann.get("/notice"), ann.get("/notice"), ann.get("/notice")]);
      assert.deepEqual(read.map(({ text }) => text).sort(), ["", "", "saved!"]);
    },
  },
];

/** Only where a session can be assigned to. */
export const assignCases: readonly SiteCase[] = [
  {
    promise: "B5",
    name: "assigning to the session replaces its data, and assigning nothing ends it",
    async run({ browser, visitor }) {
      const ann = await visitor();
      await ann.get("/replace");
      assert.deepEqual(await read(ann), { name: "only this" });
      const { cookie } = ann;
      assert.match((await ann.get("/empty-session")).ours[0] ?? "", /Max-Age=0/);
      assert.deepEqual(await read(browser(cookie)), {});
    },
  },
  {
    promise: "B5",
    name: "assigning null ends the session, and costs who has none no cookie",
    async run({ browser, visitor }) {
      const ann = await visitor();
      const { cookie } = ann;
      const ended = await ann.get("/null-session");
      assert.equal(ended.status, 200);
      assert.match(ended.ours[0] ?? "", /Max-Age=0/);
      assert.deepEqual(await read(browser(cookie)), {});
      for (const path of ["/null-session", "/empty-session"]) {
        const anonymous = await browser().get(path);
        assert.deepEqual([anonymous.status, anonymous.ours], [200, []], path);
      }
    },
  },
  {
    promise: "B5",
    name: "data assigned after the session was destroyed begins a new session, with a cookie of its own",
    async run({ browser, visitor }) {
      const ann = await visitor();
      const { cookie } = ann;
      const begun = await ann.get("/end-and-begin");
      assert.equal(begun.status, 200);
      assert.equal(begun.ours.length, 1);
      assert.notEqual(ann.cookie, cookie);
      assert.deepEqual(await read(ann), { name: "another" });
      assert.deepEqual(await read(browser(cookie)), {});
    },
  },
];
