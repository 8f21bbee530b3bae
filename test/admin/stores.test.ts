import { createSessions } from "micropie";
import { GatedBackend } from "micropie/testing";
import { expect, test } from "vitest";
import { begin } from "../_operated.ts";
import { openStore, type StoreSpec } from "../processes/stores.ts";
import { onServer } from "../servers/on-server.ts";
import { operatorOf, textOf } from "./_operator.ts";
import { type Data, handleIn, visitor } from "./_people.ts";

const MANY = 3000;

/** Calls `use` with a page on a store, and what counts its calls. */
async function onStore(
  spec: StoreSpec,
  use: (operator: Awaited<ReturnType<typeof operatorOf>>, backend: GatedBackend) => Promise<void>,
): Promise<void> {
  const store = await openStore(spec);
  const backend = new GatedBackend(store.backend);
  const sessions = createSessions<Data>({ backend });
  try {
    await use(await operatorOf(sessions, { manage: true, countEvery: false }), backend);
  } finally {
    await sessions.close();
    await store.close();
  }
}

const handlesIn = (page: string) =>
  Array.from(page.matchAll(/href="\/admin\/session\/([\w-]{16})"/g), ([, handle]) => handle!);
const nextIn = (page: string) => /href="([^"]*)">Next page/.exec(page)?.[1]?.replaceAll("&amp;", "&");

/** A list of thousands is read page by page. */
function listsMany(spec: StoreSpec): void {
  test(`the list of ${MANY} sessions costs a few steps a page, and has each of them`, () =>
    onStore(spec, async ({ read, cookie }, backend) => {
      const people = Array.from({ length: MANY }, (_, n) => ({
        user: `user ${n % 1000}`,
        data: { cart: [] },
      }));
      const { handles, secrets } = await begin(backend, people);
      backend.forget();
      const first = await read("/admin/sessions");
      expect(handlesIn(first)).toHaveLength(50);
      expect(textOf(first)).toMatch(
        /50 sessions on this page; there may be more\. They are in an order of the store's own/,
      );
      // The operator's own session is read, and no other call than pages is made: the first one is enough.
      expect([backend.count("scan"), backend.count("countAll", "standings", "listByUser")]).toEqual([1, 0]);
      const seen = new Set<string>();
      let pages = 0;
      for (let page: string | undefined = first; page !== undefined; ) {
        for (const handle of handlesIn(page)) seen.add(handle);
        for (const secret of secrets) if (page.includes(secret)) throw new Error("The page has a secret.");
        pages += 1;
        const next = nextIn(page);
        page = next === undefined ? undefined : await read(next);
      }
      expect([...handles, handleIn(cookie)].filter((handle) => !seen.has(handle))).toEqual([]);
      // A page of ours asks for five of the store's at most.
      expect(backend.count("scan")).toBeLessThanOrEqual(5 * pages);
    }));

  test("a search by device looks at a limited part, and one by user at theirs", () =>
    onStore(spec, async ({ read, post }, backend) => {
      backend.forget();
      expect(textOf(await read("/admin/sessions?by=device&q=nobody-has-this"))).toMatch(
        /0 sessions found among [\d,]+ looked at; there may be more/,
      );
      expect(backend.count("scan")).toBeLessThanOrEqual(5 * 40);
      expect(textOf(await read("/admin/user?id=user+7"))).toContain("3 sessions.");
      expect((await post("/admin/user/end?id=user+7")).status).toBe(303);
      expect(textOf(await read("/admin/user?id=user+7"))).toContain("0 sessions");
    }));
}

// In a database of its own, as other test files count what is in theirs.
await onServer("redis", ({ url }) => listsMany({ kind: "redis", url: `${url}/15`, prefix: "admin:" }));

await onServer("postgres", ({ url }) => listsMany({ kind: "postgres", url, table: "admin" }));

await onServer("memcached", ({ host, port }) => {
  test("a store that cannot list says so, and is searched by user and by handle", () =>
    onStore({ kind: "memcached", host, port, prefix: "admin:" }, async ({ read, get, post }, backend) => {
      const sessions = createSessions<Data>({ backend });
      const handle = handleIn(await visitor(sessions, "ann"));
      const list = textOf(await read("/admin/sessions"));
      expect(list).toContain("This store cannot list all of its sessions");
      expect(list).toContain("Search by user or by handle.");
      expect((await get("/admin")).status).toBe(200);
      expect(await read("/admin/user?id=ann")).toContain(handle);
      expect(textOf(await read(`/admin/session/${handle}`))).toContain("ann");
      expect((await post(`/admin/session/${handle}/end`)).status).toBe(303);
      expect(await backend.read(handle)).toBeUndefined();
    }));
});
