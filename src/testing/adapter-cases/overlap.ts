import assert from "node:assert/strict";
import { read, type SiteCase } from "../site.ts";

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
        for (const { text } of await Promise.all(coming)) assert.equal(text, String(round));
      }
      assert.equal(new Set(users.map(({ cookie }) => cookie)).size, users.length);

      const slowly = users.map((user) => user.get("/slow-look"));
      await slow.reached;
      const quick = await Promise.all(users.map(read));
      assert.deepEqual(
        quick,
        visits.map((own) => ({ visits: own })),
      );
      slow.open();
      const answers = await Promise.all(slowly);
      assert.deepEqual(
        answers.map(({ text, setCookie }) => [text, ...setCookie]),
        visits.map((own) => [String(own)]),
      );
      assert.deepEqual(
        await Promise.all(users.map(read)),
        visits.map((own) => ({ visits: own, name: `looked at ${own}` })),
      );
    },
  },
  {
    promise: "C1",
    name: "a slow request and a quick one that write different keys both keep their change",
    async run({ slow, visitor }) {
      const ann = await visitor();
      const slowly = ann.get("/slow");
      await slow.reached;
      assert.equal((await ann.get("/count")).text, "2");
      slow.open();
      await slowly;
      assert.deepEqual(await read(ann), { visits: 2, name: "slow after 1" });
    },
  },
  {
    promise: "C2",
    name: "fifty parallel increments count fifty",
    async run({ visitor }) {
      const ann = await visitor();
      await Promise.all(Array.from({ length: 50 }, () => ann.get("/update")));
      assert.deepEqual(await read(ann), { visits: 51 });
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
      assert.deepEqual(answer.setCookie, []);
      assert.deepEqual(await read(browser(cookie)), {});
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
        assert.deepEqual((await old.get(path)).setCookie, [], path);
      }
      assert.deepEqual(await read(ann), { visits: 1 });
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
      assert.equal((await slowly).status, 200);
      assert.equal((await old.get("/count")).text, "2");
      assert.deepEqual(await read(ann), { visits: 2, name: "slow after 1" });
    },
  },
  {
    promise: "C7",
    name: "ten parallel requests that ask for the session exclusively run one at a time",
    async run({ visitor }) {
      const ann = await visitor();
      const answers = await Promise.all(Array.from({ length: 10 }, () => ann.get("/exclusive")));
      assert.deepEqual(
        answers.map(({ text }) => Number(text)).sort((a, b) => a - b),
        [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
      );
    },
  },
];
