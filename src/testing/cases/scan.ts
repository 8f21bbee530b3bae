import assert from "node:assert/strict";
import type { ScanOptions, ScanPage, SessionBackend, UserSession } from "../../backends/backend.ts";
import { ConfigError } from "../../errors.ts";
import type { Case, World } from "../world.ts";
import { newHandle, newHash, patchOf, readLive, standing, store as storeRecord } from "./_records.ts";

/** Texts that no store has as a cursor. */
const WRONG = ["", "0", "after.", "scan.", "no cursor", "x'; DROP TABLE sessions; --", "ä.1", "shard.9999"];

/** Fails unless this is the error of a store that cannot list or count what it has. */
function assertCannot(error: unknown): void {
  assert.ok(error instanceof ConfigError, "a store that cannot do this should throw ConfigError");
  assert.equal(error.option, "backend", "the option that the error names");
}

/** Runs a case where the store can list its sessions; fails unless it says in a typed error that it cannot. */
function ifItCan(run: (world: World) => Promise<void>): (world: World) => Promise<void> {
  return async (world) => {
    try {
      await world.store.scan({ limit: 1 });
    } catch (error) {
      return assertCannot(error);
    }
    await run(world);
  };
}

/** Pages through all sessions and calls `between` before each next page. Fails if a page is not as it should be. */
async function scanAll(
  backend: SessionBackend,
  options: ScanOptions,
  between: () => Promise<void> = async () => {},
): Promise<UserSession[]> {
  const all: UserSession[] = [];
  let cursor: string | undefined;
  // A store that never comes to an end fails, instead of going on for ever.
  for (let pages = 0; pages < 10_000; pages++) {
    const page: ScanPage = await backend.scan({ ...options, cursor });
    const handles = page.sessions.map(({ handle }) => handle);
    assert.ok(handles.length <= options.limit, "scan should return no more sessions than the limit");
    assert.equal(new Set(handles).size, handles.length, "the different sessions of one page");
    all.push(...page.sessions);
    cursor = page.cursor;
    if (cursor === undefined) return all;
    await between();
  }
  throw new Error("scan went on for 10,000 pages, and should have come to an end");
}

/** Returns the handles, each once, in an order that can be compared. */
function handlesOf(sessions: readonly UserSession[]): string[] {
  return [...new Set(sessions.map(({ handle }) => handle))].sort();
}

async function storeMany(backend: SessionBackend, count: number, userId: string | null): Promise<string[]> {
  const made = await Promise.all(
    Array.from({ length: count }, async (_, n) => (await storeRecord(backend, { n }, { userId })).handle),
  );
  return made.sort();
}

/** What an operator sees of all sessions of a store, page by page, and how several are ended at once. */
export const scanCases: readonly Case[] = [
  {
    promise: "R4",
    name: "a scan shows every live session as read does, whatever the size of its pages, and then ends",
    run: ifItCan(async ({ store }) => {
      assert.deepEqual(await scanAll(store, { limit: 5 }), []);
      const made = await storeMany(store, 23, null);
      made.push(...(await storeMany(store, 9, "ann")));
      for (const limit of [1, 7, 32, 1000]) {
        const shown = await scanAll(store, { limit });
        assert.deepEqual(handlesOf(shown), made.toSorted(), "the sessions that a scan shows");
        for (const { handle, record } of shown.slice(0, 3))
          assert.deepEqual(standing(record), standing(await readLive(store, handle)), "the record in a page");
      }
    }),
  },
  {
    promise: "R4",
    name: "a session that lives throughout a scan is shown, while others begin, end and change beside it",
    run: ifItCan(async ({ store }) => {
      const lasting = await storeMany(store, 40, null);
      const ending = await storeMany(store, 40, "bob");
      const changing = await storeMany(store, 20, "ann");
      const rotation = { secretHash: newHash(), grace: 10, raiseEpoch: false };
      const shown = await scanAll(store, { limit: 4 }, async () => {
        const [changed, ended] = [changing.shift(), ending.pop()];
        if (ended !== undefined) await store.delete(ended);
        await storeRecord(store, { a: 1 });
        if (changed === undefined) return;
        await store.patch(changed, patchOf(await readLive(store, changed), { b: 2 }, { rotation }));
        await store.touch(changed, 2000);
        lasting.push(changed);
      });
      const handles = new Set(handlesOf(shown));
      const missing = [...lasting, ...changing].filter((handle) => !handles.has(handle));
      assert.deepEqual(missing, [], "the sessions that lived throughout the scan and were not shown");
    }),
  },
  {
    promise: "R4",
    name: "a scan can be of one user's sessions, of all with a user, or of all without",
    run: ifItCan(async ({ store }) => {
      const nobodys = await storeMany(store, 12, null);
      const anns = await storeMany(store, 7, "ann");
      const bobs = await storeMany(store, 3, "bob");
      const shown = async (options: Partial<ScanOptions>): Promise<string[]> =>
        handlesOf(await scanAll(store, { limit: 2, ...options }));
      assert.deepEqual(await shown({ userId: "ann" }), anns, "the sessions of ann");
      assert.deepEqual(await shown({ userId: "nobody" }), [], "the sessions of somebody who has none");
      assert.deepEqual(
        await shown({ signedIn: true }),
        [...anns, ...bobs].sort(),
        "the sessions with a user",
      );
      assert.deepEqual(await shown({ signedIn: false }), nobodys, "the sessions without a user");
      assert.deepEqual(await shown({ userId: "ann", signedIn: false }), [], "none is both");
    }),
  },
  {
    promise: "R4",
    name: "a scan and a count leave out what has ended or expired, and what is no session",
    run: ifItCan(async ({ store, advance }) => {
      const short = await storeRecord(store, { a: 1 }, { idleTimeout: 50 });
      const gone = await storeRecord(store, { a: 1 });
      const [left] = await storeMany(store, 1, "ann");
      await store.save(newHandle(), { a: "dictionary" }, 1000);
      await store.delete(gone.handle);
      await advance(100);
      const shown = handlesOf(await scanAll(store, { limit: 10 }));
      assert.deepEqual(shown, [left], `the sessions shown, without ${short.handle} and ${gone.handle}`);
    }),
  },
  {
    promise: "R4",
    name: "a text that is no cursor of the store is refused by name",
    run: ifItCan(async ({ store }) => {
      await storeMany(store, 3, null);
      for (const cursor of WRONG) {
        await assert.rejects(
          async () => store.scan({ limit: 2, cursor }),
          (error) => error instanceof ConfigError && error.option === "cursor",
          `scan should throw ConfigError "cursor" for ${JSON.stringify(cursor)}`,
        );
      }
    }),
  },
  {
    promise: "R4",
    name: "a count tells how many live sessions there are, or a typed error that the store cannot",
    async run({ store, advance }) {
      try {
        await store.countAll();
      } catch (error) {
        return assertCannot(error);
      }
      await storeMany(store, 5, null);
      await storeMany(store, 4, "ann");
      const { sessions, signedIn = 4, exact } = await store.countAll();
      assert.ok(sessions >= 0 && signedIn >= 0, "the sessions that countAll counts");
      // An estimate: the store has much else, such as what other programs keep there.
      if (!exact) return;
      assert.equal(sessions, 9, "the sessions that countAll counts");
      assert.equal(signedIn, 4, "the sessions with a user");
      await advance(2000);
      await store.prune();
      assert.equal((await store.countAll()).sessions, 0, "the sessions after all have expired");
    },
  },
  {
    promise: "R4",
    name: "many sessions are ended at once, and those that lived are told",
    async run({ store, advance }) {
      const short = await storeRecord(store, { a: 1 }, { idleTimeout: 50 });
      const spared = await storeRecord(store, { a: 1 }, { userId: "ann" });
      const made = [...(await storeMany(store, 30, null)), ...(await storeMany(store, 30, "ann"))];
      await advance(100);
      const asked = [...made, short.handle, newHandle()];
      const ended = await store.deleteMany(asked, "revoked");
      assert.deepEqual(ended.toSorted(), made.toSorted(), "the handles that deleteMany returns");
      for (const handle of made) assert.equal(await store.read(handle), undefined);
      await readLive(store, spared.handle);
      assert.deepEqual(await store.deleteMany(made, "revoked"), [], "what deleteMany ends the second time");
      assert.deepEqual(await store.deleteMany([], "revoked"), [], "what deleteMany ends of none");
    },
  },
];
