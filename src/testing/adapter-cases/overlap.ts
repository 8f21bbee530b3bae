import assert from "node:assert/strict";
import { assertRead, read, type SiteCase } from "../site.ts";

/** Requests that overlap. */
export const overlapCases: readonly SiteCase[] = [
  {
    promise: "B9",
    name: "of eight users at once, each has a session and a cookie of its own in every request",
    async run({ slow, browser }) {
      const users = Array.from({ length: 8 }, () => browser());
      const visits = users.map((_, index) => index + 1);
      for (const round of visits) {
        const coming = users.slice(round - 1).map((user) => user.get("/update"));
        for (const { text } of await Promise.all(coming))
          assert.equal(text, String(round), "the body of /update");
      }
      const cookies = new Set(users.map(({ cookie }) => cookie));
      assert.equal(cookies.size, users.length, "how many different cookies eight users have");

      const slowly = users.map((user) => user.get("/slow-look"));
      await slow.reached;
      const quick = await Promise.all(users.map(read));
      const own = visits.map((visits) => ({ visits }));
      assert.deepEqual(quick, own, "the data of eight users in the body of /read");
      slow.open();
      const answers = await Promise.all(slowly);
      const told = answers.map(({ text, setCookie }) => [text, ...setCookie]);
      const alone = visits.map((visits) => [String(visits)]);
      assert.deepEqual(told, alone, "the bodies and Set-Cookie lines of /slow-look for eight users");
      const after = await Promise.all(users.map(read));
      const named = visits.map((visits) => ({ visits, name: `looked at ${visits}` }));
      assert.deepEqual(after, named, "the data of eight users that /slow-look has saved");
    },
  },
  {
    promise: "C1",
    name: "a slow request and a quick one that write different keys both keep their change",
    async run({ slow, visitor }) {
      const ann = await visitor();
      const slowly = ann.get("/slow");
      await slow.reached;
      assert.equal((await ann.get("/count")).text, "2", "the body of /count");
      slow.open();
      await slowly;
      await assertRead(ann, { visits: 2, name: "slow after 1" });
    },
  },
  {
    promise: "C2",
    name: "fifty parallel increments count fifty",
    async run({ visitor }) {
      const ann = await visitor();
      await Promise.all(Array.from({ length: 50 }, () => ann.get("/update")));
      await assertRead(ann, { visits: 51 });
    },
  },
  {
    promise: "C6",
    name: "a slow request whose session was logged out meanwhile sets no cookie and stores nothing",
    async run({ slow, visitor, browser }) {
      const ann = await visitor();
      const { cookie } = ann;
      const slowly = browser(cookie).get("/slow");
      await slow.reached;
      await ann.get("/logout");
      slow.open();
      const answer = await slowly;
      assert.deepEqual(answer.setCookie, [], "the Set-Cookie lines of /slow");
      await assertRead(browser(cookie), {});
    },
  },
  {
    promise: "C6",
    name: "just after a sign-in, a request with the id from before it sets no cookie, whatever it writes",
    async run({ visitor, browser }) {
      const ann = await visitor();
      const old = browser(ann.cookie);
      await ann.get("/login");
      for (const path of ["/count", "/logout", "/empty-session", "/read"]) {
        const { setCookie } = await old.get(path);
        assert.deepEqual(
          setCookie,
          [],
          `the Set-Cookie lines of ${path} with the id from before the sign-in`,
        );
      }
      await assertRead(ann, { visits: 1 });
    },
  },
  {
    promise: "C5",
    name: "parallel requests live on through a rotation",
    async run({ slow, visitor, browser }) {
      const ann = await visitor();
      const old = browser(ann.cookie);
      const slowly = old.get("/slow");
      await slow.reached;
      await ann.get("/rotate");
      slow.open();
      assert.equal((await slowly).status, 200, "the status of /slow with the id from before the rotation");
      const { text } = await old.get("/count");
      assert.equal(text, "2", "the body of /count with the id from before the rotation");
      await assertRead(ann, { visits: 2, name: "slow after 1" });
    },
  },
  {
    promise: "C7",
    name: "ten parallel requests that ask for the session exclusively run one at a time",
    async run({ visitor }) {
      const ann = await visitor();
      const answers = await Promise.all(Array.from({ length: 10 }, () => ann.get("/exclusive")));
      const counted = answers.map(({ text }) => Number(text)).sort((a, b) => a - b);
      assert.deepEqual(counted, [2, 3, 4, 5, 6, 7, 8, 9, 10, 11], "the bodies of ten requests of /exclusive");
    },
  },
];
