import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { assertRead, type SiteCase } from "../site.ts";

const REMOVED = /^session_id=;.*Max-Age=0.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/;
const COOKIE = /^session_id=[\w-]{48}; Path=\/; HttpOnly; Secure; SameSite=Lax$/;

/** What a browser sees of its session. */
export const visitCases: readonly SiteCase[] = [
  {
    promise: "B1",
    name: "a visit counter counts",
    async run({ browser }) {
      const ann = browser();
      for (const visits of ["1", "2", "3"])
        assert.equal((await ann.get("/count")).text, visits, "the body of /count");
      await assertRead(ann, { visits: 3 });
    },
  },
  {
    promise: "B1",
    name: "reading saves nothing and sets no cookie",
    async run({ store, visitor }) {
      const ann = await visitor();
      store.forget();
      assert.deepEqual((await ann.get("/read")).setCookie, [], "the Set-Cookie lines of /read");
      assert.deepEqual(store.calls, ["read"], "the calls of the store that /read makes");
    },
  },
  {
    promise: "B2",
    name: "who stores nothing gets no cookie and costs the store nothing, whether the route looks or not",
    async run({ store, browser }) {
      for (const path of ["/none", "/read", "/logout", "/rotate", "/notice"]) {
        const answer = await browser().get(path);
        assert.ok(answer.status < 400, `${path} should succeed, and has the status ${answer.status}`);
        assert.deepEqual(answer.setCookie, [], `the Set-Cookie lines of ${path} without a session`);
      }
      assert.deepEqual(store.calls, [], "the calls of the store for requests without a session");
    },
  },
  {
    promise: "B2",
    name: "a made-up cookie writes nothing, and one of the wrong shape is not even looked up",
    async run({ store, browser }) {
      await assertRead(browser(`session_id=${randomBytes(36).toString("base64url")}`), {});
      assert.equal(store.writes, 0, "how often a made-up cookie makes /read write to the store");
      store.forget();
      await assertRead(browser(`session_id=${"x".repeat(47)}`), {});
      assert.deepEqual(store.calls, [], "the calls of the store for a cookie of the wrong shape");
    },
  },
  {
    promise: "B3",
    name: "the cookie comes once, with its attributes",
    async run({ browser }) {
      const ann = browser();
      const [line, ...more] = (await ann.get("/count")).setCookie;
      assert.deepEqual(more, [], "what Set-Cookie lines the first /count has besides the session's");
      assert.match(line ?? "", COOKIE, "the Set-Cookie line of the first /count");
      assert.deepEqual((await ann.get("/count")).setCookie, [], "the Set-Cookie lines of the second /count");
    },
  },
  {
    promise: "B4",
    name: "a session ends when nobody has asked for it for its idle timeout",
    async run({ clock, visitor }) {
      const ann = await visitor();
      clock.advance(28_800);
      await assertRead(ann, {});
    },
  },
  {
    promise: "B5",
    name: "a logout ends the session and takes the cookie away, also with a redirect",
    async run({ browser, visitor }) {
      const ann = await visitor();
      const { cookie } = ann;
      const answer = await ann.get("/logout");
      assert.equal(answer.status, 303, "the status of /logout");
      assert.equal(answer.ours.length, 1, "how many cookies of the session /logout sets");
      assert.match(answer.ours[0] ?? "", REMOVED, "the Set-Cookie line of /logout");
      await assertRead(browser(cookie), {});
    },
  },
  {
    promise: "B7",
    name: "an id that the server did not issue is not adopted",
    async run({ browser }) {
      const made = `session_id=${randomBytes(36).toString("base64url")}`;
      const ann = browser(made);
      assert.equal((await ann.get("/count")).text, "1", "the body of /count with a made-up cookie");
      const kept = ann.cookie?.slice(0, 27);
      assert.notEqual(kept, made.slice(0, 27), "the handle of the session that /count begins");
      await assertRead(browser(made), {});
    },
  },
  {
    promise: "C5",
    name: "a sign-in brings a new id, and the old one is dead at once",
    async run({ browser, sessions, visitor }) {
      const ann = await visitor();
      const before = ann.cookie;
      const { ours } = await ann.get("/login", "POST");
      assert.equal(ours.length, 1, "how many cookies of the session /login sets");
      assert.notEqual(ann.cookie, before, "the cookie after /login");
      await assertRead(browser(before), {});
      await assertRead(ann, { visits: 1 });
      assert.equal(await sessions.count({ userId: "ann" }), 1, "how many sessions the user has after /login");
    },
  },
  {
    promise: "S6",
    name: "of several cookies of our name, the one that stands for a session is found",
    async run({ browser, visitor }) {
      const ann = await visitor();
      const made = `session_id=${randomBytes(36).toString("base64url")}`;
      const several = browser(`session_id=junk; other=1; ${made}; ${ann.cookie}; a=b`);
      await assertRead(several, { visits: 1 });
    },
  },
  {
    promise: "C8",
    name: "a flash message is read once",
    async run({ visitor }) {
      const ann = await visitor();
      await ann.get("/flash");
      const read = await Promise.all([ann.get("/notice"), ann.get("/notice"), ann.get("/notice")]);
      const texts = read.map(({ text }) => text).sort();
      assert.deepEqual(texts, ["", "", "saved!"], "the bodies of three requests of /notice at once");
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
      await assertRead(ann, { name: "only this" });
      const { cookie } = ann;
      const { ours } = await ann.get("/empty-session");
      assert.match(ours[0] ?? "", /Max-Age=0/, "the Set-Cookie line of /empty-session");
      await assertRead(browser(cookie), {});
    },
  },
  {
    promise: "B5",
    name: "assigning null ends the session, and costs who has none no cookie",
    async run({ browser, visitor }) {
      const ann = await visitor();
      const { cookie } = ann;
      const ended = await ann.get("/null-session");
      assert.equal(ended.status, 200, "the status of /null-session");
      assert.match(ended.ours[0] ?? "", /Max-Age=0/, "the Set-Cookie line of /null-session");
      await assertRead(browser(cookie), {});
      for (const path of ["/null-session", "/empty-session"]) {
        const anonymous = await browser().get(path);
        assert.equal(anonymous.status, 200, `the status of ${path} without a session`);
        assert.deepEqual(anonymous.ours, [], `the cookies that ${path} sets without a session`);
      }
    },
  },
  {
    promise: "B5",
    name: "data assigned after a logout begins a new session, with a cookie of its own",
    async run({ browser, visitor }) {
      const ann = await visitor();
      const { cookie } = ann;
      const begun = await ann.get("/end-and-begin");
      assert.equal(begun.status, 200, "the status of /end-and-begin");
      assert.equal(begun.ours.length, 1, "how many cookies of the session /end-and-begin sets");
      assert.notEqual(ann.cookie, cookie, "the cookie after /end-and-begin");
      await assertRead(ann, { name: "another" });
      await assertRead(browser(cookie), {});
    },
  },
];
