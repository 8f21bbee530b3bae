import assert from "node:assert/strict";
import { printedBy, quiet } from "../printed.ts";
import { assertRead, type SiteCase } from "../site.ts";

/** The store is down, or refuses what is to be saved. */
export function outageCases(ways: readonly string[]): readonly SiteCase[] {
  return [...ways.flatMap(failedSave), ...cases];
}

function failedSave(path: string): SiteCase[] {
  return [
    {
      promise: "O2",
      name: `${path} whose save fails is answered 503, sets no cookie, and logs nobody out`,
      run: quiet(async (site) => {
        site.stream.open();
        const ann = await site.visitor();
        for (const who of [ann, site.browser()]) {
          site.store.fail(["patch", "create"]);
          const { status, ours, text } = await who.get(path);
          assert.equal(status, 503, `the status of ${path} while the store is down`);
          assert.deepEqual(ours, [], `the cookies of the session that ${path} sets while the store is down`);
          const isSent = text.startsWith("2") || text.includes("one,");
          assert.equal(
            isSent,
            false,
            `whether ${path} sends the handler's answer though the save has failed`,
          );
          site.store.mend();
        }
        await assertRead(ann, { visits: 1 });
      }),
    },
  ];
}

const cases: readonly SiteCase[] = [
  {
    promise: "O2",
    name: "a session that cannot be read is answered 503, sets no cookie, and is still there afterwards",
    run: quiet(async ({ store, visitor }) => {
      const ann = await visitor();
      store.fail(["read"]);
      for (const path of ["/read", "/count", "/login", "/logout"]) {
        const { status, setCookie } = await ann.get(path);
        assert.equal(status, 503, `the status of ${path} while the store cannot be read`);
        assert.deepEqual(setCookie, [], `the Set-Cookie lines of ${path} while the store cannot be read`);
      }
      store.mend();
      await assertRead(ann, { visits: 1 });
    }),
  },
  {
    promise: "O2",
    name: "a logout that the store refuses is an error, and the cookie stays",
    run: quiet(async ({ store, visitor }) => {
      const ann = await visitor();
      store.fail(["delete"]);
      const { status, setCookie } = await ann.get("/logout");
      assert.equal(status, 503, "the status of /logout when the store refuses to delete");
      assert.deepEqual(setCookie, [], "the Set-Cookie lines of /logout when the store refuses to delete");
      store.mend();
      await assertRead(ann, { visits: 1 });
    }),
  },
  {
    promise: "S8",
    name: "a value that cannot be stored is answered 500, and what was stored stays as it was",
    run: quiet(async ({ visitor }) => {
      const ann = await visitor();
      const { status, setCookie, text } = await ann.get("/bad-value");
      assert.equal(status, 500, "the status of /bad-value");
      assert.deepEqual(setCookie, [], "the Set-Cookie lines of /bad-value");
      assert.ok(!text.includes("never seen"), "/bad-value should not send the handler's answer");
      await assertRead(ann, { visits: 1 });
    }),
  },
  {
    promise: "S3",
    name: "no error answer and nothing that is printed carries an id",
    async run(site) {
      const ann = await site.visitor();
      const secret = ann.cookie?.slice(-32) ?? "";
      const texts: string[] = [];
      const printed = await printedBy(async () => {
        for (const path of ["/throw", "/bad-value", "/commit-throw"]) texts.push((await ann.get(path)).text);
        for (const verb of ["read", "patch", "delete"] as const) {
          site.store.fail([verb]);
          for (const path of ["/count", "/rotate", "/login", "/logout"]) {
            texts.push((await site.browser(ann.cookie).get(path)).text);
          }
          site.store.mend();
        }
      });
      texts.push(printed);
      assert.equal(secret.length, 32, "the length of the secret in the cookie that /count sets");
      assert.ok(
        !texts.join().includes(secret),
        "no body and nothing printed should have the secret of an id",
      );
    },
  },
];
