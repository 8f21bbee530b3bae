import assert from "node:assert/strict";
import type { HttpBrowser } from "../http-browser.ts";
import { assertRead, type SiteCase } from "../site.ts";

/** Eleven minutes: what asks for ten is over. */
const LATER = 11 * 60;

/** Who is signed in, since when, and by what. */
export const freshCases: readonly SiteCase[] = [
  {
    promise: "U5",
    name: "a route that needs a user refuses everybody else",
    async run({ browser }) {
      const ann = browser();
      await assertAsked(ann, "/user", { code: "no_user", message: "Sign in first." });
      await assertAsked(ann, "/fresh", { code: "no_user", message: "Sign in first." });
      await ann.get("/sign-in");
      assert.equal((await ann.get("/user")).text, "ann", "the body of /user");
      await ann.get("/logout");
      await assertAsked(ann, "/user", { code: "no_user", message: "Sign in first." });
    },
  },
  {
    promise: "U5",
    name: "a second sign-in is fresh again: a new id, the old one dead at once, the data kept",
    async run({ clock, visitor, browser }) {
      const ann = await visitor();
      await ann.get("/sign-in");
      assert.equal((await ann.get("/fresh")).text, "ann", "the body of /fresh after a sign-in");
      clock.advance(LATER);
      const asked = { code: "not_fresh", message: "Sign in again: once in 10m.", maxAge: 600 };
      await assertAsked(ann, "/fresh", asked);
      const before = browser(ann.cookie);
      await ann.get("/rotate");
      await assertAsked(ann, "/fresh", asked);

      await ann.get("/sign-in");
      assert.equal((await ann.get("/fresh")).text, "ann", "the body of /fresh after a second sign-in");
      await assertRead(ann, { visits: 1 });
      await assertRead(before, {});
    },
  },
  {
    promise: "U5",
    name: "what a request that began before a second sign-in writes is dropped",
    async run({ slow, visitor, browser }) {
      const ann = await visitor();
      await ann.get("/sign-in");
      const slowly = browser(ann.cookie).get("/slow");
      await slow.reached;
      await ann.get("/sign-in");
      slow.open();
      assert.deepEqual((await slowly).setCookie, [], "the Set-Cookie lines of /slow");
      await assertRead(ann, { visits: 1 });
    },
  },
  {
    promise: "U5",
    name: "a factor that is proved later counts from then, is over after its time, and moves no deadline",
    async run({ clock, sessions, visitor, browser }) {
      const ann = await visitor();
      await ann.get("/sign-in");
      const [signedIn] = await sessions.list({ userId: "ann" }).toArray();
      const asked = { code: "not_fresh", message: "Prove totp: once in 10m.", maxAge: 600, by: ["totp"] };
      await assertAsked(ann, "/pay", asked);
      clock.advance(LATER);
      const before = browser(ann.cookie);
      await ann.get("/prove");
      assert.equal((await ann.get("/pay")).text, "ann", "the body of /pay after its factor was proved");
      assert.equal((await ann.get("/fresh")).text, "ann", "the body of /fresh after a factor was proved");
      await assertRead(before, {});
      const [proved] = await sessions.list({ userId: "ann" }).toArray();
      const told = [proved?.signedInAt, proved?.absoluteExpiresAt, proved?.by];
      const expected = [signedIn?.signedInAt, signedIn?.absoluteExpiresAt, ["password", "totp"]];
      assert.deepEqual(told, expected, "signedInAt, absoluteExpiresAt and by of the session");

      clock.advance(LATER);
      await assertAsked(ann, "/pay", asked);
      await ann.get("/prove");
      await ann.get("/sign-in");
      await assertAsked(ann, "/pay", asked);
    },
  },
];

/** Fails unless the answer is a 401 that says this. */
async function assertAsked(browser: HttpBrowser, path: string, expected: object): Promise<void> {
  const { status, text } = await browser.get(path);
  assert.equal(status, 401, `the status of ${path}`);
  assert.deepEqual(JSON.parse(text), expected, `what ${path} asks for`);
}
