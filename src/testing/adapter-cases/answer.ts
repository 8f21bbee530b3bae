import assert from "node:assert/strict";
import { quiet } from "../printed.ts";
import { assertHeader, assertNothingYet, assertRead, read, type Site, type SiteCase } from "../site.ts";

/** When the answer leaves, and with which headers. */
export function answerCases(ways: readonly string[]): readonly SiteCase[] {
  return [...ways.flatMap(savedFirst), ...cases];
}

function savedFirst(path: string): SiteCase[] {
  return [
    {
      promise: "O1",
      name: `${path} sends no byte before the session is saved`,
      async run(site) {
        const ann = await site.visitor();
        await afterTheSave(site, "patch", ann.open(path));
        await assertRead(ann, afterStream(path, 2));
      },
    },
    {
      promise: "O1",
      name: `${path} sends no byte before a new session is stored, and then carries its cookie`,
      async run(site) {
        const ann = site.browser();
        const answer = await afterTheSave(site, "create", ann.open(path));
        assert.equal(answer.ours.length, 1, `how many cookies of the session ${path} sets`);
        await assertRead(ann, afterStream(path, 1));
      },
    },
    {
      promise: "O1",
      name: `HEAD ${path} is saved and answered like GET, without a body`,
      async run(site) {
        site.stream.open();
        const ann = site.browser();
        const answer = await ann.get(path, "HEAD");
        assert.ok(answer.status < 400, `HEAD ${path} should succeed, and has the status ${answer.status}`);
        assert.equal(answer.text, "", `the body of HEAD ${path}`);
        assert.equal(answer.ours.length, 1, `how many cookies of the session HEAD ${path} sets`);
        const { visits } = (await read(ann)) as { visits: number };
        assert.equal(visits, 1, `the visits that HEAD ${path} has saved`);
      },
    },
  ];
}

async function afterTheSave(
  site: Site,
  verb: "patch" | "create",
  coming: ReturnType<ReturnType<Site["browser"]>["open"]>,
): Promise<Awaited<typeof coming>> {
  site.stream.open();
  const gate = site.store.hold(verb);
  await gate.reached;
  await assertNothingYet(site, coming);
  gate.open();
  const answer = await coming;
  assert.ok(answer.status < 400, `the request should succeed, and has the status ${answer.status}`);
  await answer.body;
  return answer;
}

function afterStream(path: string, visits: number): object {
  return path === "/stream" ? { visits, name: "late" } : { visits };
}

const CACHES = /cache-control$|^surrogate-control$|^edge-control$|^x-accel-expires$/;

const cases: readonly SiteCase[] = [
  {
    promise: "O3",
    name: "a stream's first part does not wait for its end, and what changes meanwhile is saved",
    async run({ stream, visitor, browser }) {
      const ann = await visitor();
      const answer = await ann.open("/stream");
      await assertRead(browser(ann.cookie), { visits: 2 });
      stream.open();
      assert.equal(await answer.body, "one,,two", "the body of /stream");
      await assertRead(ann, { visits: 2, name: "late" });
    },
  },
  {
    promise: "O3",
    name: "a change that needs a cookie throws once the first part has left",
    async run({ stream, visitor }) {
      const ann = await visitor();
      const answer = await ann.open("/stream-rotate");
      stream.open();
      assert.equal(await answer.body, "one,headers_sent,two", "the body of /stream-rotate");
      await assertRead(ann, { visits: 1 });
    },
  },
  {
    promise: "O3",
    name: "a stream that outlives a logout does not bring the session back",
    async run({ stream, visitor, browser }) {
      const ann = await visitor();
      const { cookie } = ann;
      const answer = await ann.open("/stream");
      await browser(cookie).get("/logout");
      stream.open();
      await answer.body.catch(() => {});
      await assertRead(browser(cookie), {});
    },
  },
  {
    promise: "S4",
    name: "an answer that sets the cookie must not be stored by a cache, even if the application says public",
    async run({ browser }) {
      const ann = browser();
      await assertHeader(ann, "/public", "cache-control", /^no-store$/);
      await assertHeader(ann, "/public", "cache-control", /^public, max-age=3600$/);
      await assertHeader(ann, "/logout", "cache-control", /no-store/);
    },
  },
  {
    promise: "S4",
    name: "an answer that looked at the session varies on Cookie, and one that did not stays as it is",
    async run({ browser, visitor }) {
      const ann = await visitor();
      for (const visitor of [ann, browser()]) {
        await assertHeader(visitor, "/read", "vary", /^cookie$/i);
        await assertHeader(visitor, "/vary", "vary", /^Accept-Encoding, Cookie$/i);
        await assertHeader(visitor, "/none", "vary", tellsTexts() ? /^$/ : /^(cookie)?$/i);
        await assertHeader(visitor, "/none", "cache-control", /^public, max-age=60$/);
      }
    },
  },
  {
    promise: "S4",
    name: "an answer that looked at the session is private, unless the application says otherwise",
    async run({ visitor }) {
      const ann = await visitor();
      await assertHeader(ann, "/read", "cache-control", /^private$/);
      await assertHeader(ann, "/public", "cache-control", /^public, max-age=3600$/);
      await assertHeader(ann, "/none", "cache-control", /^public, max-age=60$/);
    },
  },
  {
    promise: "S4",
    name: "a stream that first looks at the session after its head varies on Cookie and is private",
    async run({ stream, visitor }) {
      const ann = await visitor();
      const { headers, body } = await ann.open("/late-look");
      assert.match(headers.vary ?? "", /cookie/i, "Vary of /late-look");
      // Elysia says no-cache for its streams.
      assert.match(headers["cache-control"] ?? "", /^(private|no-cache)$/, "Cache-Control of /late-look");
      stream.open();
      assert.equal(await body, "one,1", "the body of /late-look");
      await assertRead(ann, { visits: 1, name: "late" });
    },
  },
  {
    promise: "S4",
    name: "an answer that sets the cookie is kept from every cache, whichever header the cache obeys",
    async run({ browser }) {
      const ann = browser();
      const { headers } = await ann.get("/cdn");
      const said = Object.entries(headers).filter(([name]) => CACHES.test(name));
      assert.equal(said.length, 10, "how many headers for caches the first answer of /cdn has");
      for (const [name, value] of said)
        assert.equal(value, name === "x-accel-expires" ? "0" : "no-store", `${name} of /cdn with a cookie`);
      const again = Object.entries((await ann.get("/cdn")).headers).filter(([name]) => CACHES.test(name));
      assert.equal(again.length, 10, "how many headers for caches the second answer of /cdn has");
      for (const [name, value] of again) assert.match(value ?? "", /60/, `${name} of /cdn without a cookie`);
    },
  },
  {
    promise: "S4",
    name: "a redirect, an empty answer, a 304 and a stream carry the same headers",
    async run({ browser, stream }) {
      stream.open();
      for (const path of ["/redirect", "/empty", "/not-modified", "/stream"]) {
        const answer = await browser().get(path);
        assert.match(answer.headers.vary ?? "", /cookie/i, `Vary of ${path}`);
        assert.match(answer.headers["cache-control"] ?? "", /no-store/, `Cache-Control of ${path}`);
        assert.equal(answer.ours.length, 1, `how many cookies of the session ${path} sets`);
      }
    },
  },
  {
    promise: "B3",
    name: "cookies that the application sets itself stay, each in a line of its own",
    async run({ browser }) {
      const ann = browser();
      const { setCookie, ours } = await ann.get("/own-cookies");
      assert.equal(ours.length, 1, "how many cookies of the session /own-cookies sets");
      const others = setCookie.filter((line) => !line.startsWith("session_id="));
      assert.deepEqual(others, ["a=1; Path=/", "b=2; Path=/"], "the application's own Set-Cookie lines");
      const again = await ann.get("/own-cookies");
      assert.deepEqual(again.setCookie, others, "the Set-Cookie lines of the second answer of /own-cookies");
    },
  },
  {
    promise: "O4",
    name: "a handler that throws saves nothing and sets no cookie",
    run: quiet(async ({ browser, store, visitor }) => {
      const ann = await visitor();
      store.forget();
      for (const who of [ann, browser()]) {
        const { status, setCookie, text } = await who.get("/throw");
        assert.equal(status, 500, "the status of /throw");
        assert.deepEqual(setCookie, [], "the Set-Cookie lines of /throw");
        assert.ok(!text.includes("99"), "the body of /throw should have nothing of the handler's data");
      }
      assert.equal(store.writes, 0, "how often /throw writes to the store");
      await assertRead(ann, { visits: 1 });
    }),
  },
  {
    promise: "O4",
    name: "what a handler committed before it threw is saved, and what came after is not",
    run: quiet(async ({ visitor }) => {
      const ann = await visitor();
      assert.equal((await ann.get("/commit-throw")).status, 500, "the status of /commit-throw");
      await assertRead(ann, { visits: 2 });
    }),
  },
];

/** Only where the adapter itself answers for a handler that throws. */
export const answeredErrorCases: readonly SiteCase[] = [
  {
    promise: "O4",
    name: "a first visit that is committed before its handler throws still gets its cookie",
    run: quiet(async ({ browser }) => {
      const ann = browser();
      assert.equal((await ann.get("/commit-throw")).status, 500, "the status of /commit-throw");
      await assertRead(ann, { visits: 1 });
    }),
  },
];

/**
 * Returns true if the runtime makes a stream of bytes of a text. Where it does not (Bun, Deno), an adapter that gets only
 * a Response cannot tell a text from a stream that may look at the session, and lets both vary.
 */
function tellsTexts(): boolean {
  try {
    new Response("text").body!.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
