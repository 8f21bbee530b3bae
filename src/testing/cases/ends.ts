import assert from "node:assert/strict";
import type { EndChannel, EndNotice, SessionBackend, SessionRecord } from "../../backends/backend.ts";
import type { Case } from "../world.ts";
import { newHandle, newHash, patchOf, store as storeRecord } from "./_records.ts";

/** What ends a session, or changes its rights, and what is told of it. */
const ENDS: Record<
  string,
  {
    readonly end: (backend: SessionBackend, handle: string, record: SessionRecord) => unknown;
    readonly notice: object;
  }
> = {
  "a logout": { end: (backend, handle) => backend.delete(handle), notice: { reason: "logged_out" } },
  "a revocation": {
    end: (backend, handle) => backend.delete(handle, undefined, "revoked"),
    notice: { reason: "revoked" },
  },
  "an end by the limit": {
    end: (backend, handle, { version }) => backend.delete(handle, version, "limit"),
    notice: { reason: "limit" },
  },
  "a revocation of all": {
    end: (backend, _, { userId }) => backend.revokeUser(userId!),
    notice: { reason: "revoked" },
  },
  "a change of rights": {
    end: (backend, handle, record) => backend.patch(handle, rotationOf(record, true)),
    notice: { reason: "rights", epoch: 1 },
  },
  "a sign-in": {
    end: (backend, handle, record) =>
      backend.patch(handle, rotationOf(record, true, { userId: "bob", absoluteTimeout: 500 })),
    notice: { reason: "rights", epoch: 1 },
  },
};

function rotationOf(record: SessionRecord, raiseEpoch: boolean, more: object = {}) {
  return patchOf(
    record,
    { visits: 2 },
    {
      ifSecretHash: record.secretHash,
      rotation: { secretHash: newHash(), grace: 10, raiseEpoch, ...more },
    },
  );
}

/** Milliseconds. A beat that takes longer does not come any more. */
const PATIENCE = 20_000;

/** A channel that a case listens to. */
export interface Heard {
  readonly notices: EndNotice[];
  /** Resolves when everything that the store has done until now has been told; of this session at least. */
  caughtUp(handle?: string): Promise<void>;
  isLost(): boolean;
  close(): Promise<void>;
}

/** Opens the channel of a back-end; undefined if it has none. One that is lost says that there may be something to ask for. */
export async function listenTo(backend: SessionBackend): Promise<Heard | undefined> {
  const notices: EndNotice[] = [];
  const waiting = new Map<string, () => void>();
  let isLost = false;
  let onLost = (): void => {};
  const channel: EndChannel | undefined = await backend.listen({
    told: (notice) => notices.push(notice),
    heard: (text) => waiting.get(text)?.(),
    lost: () => {
      isLost = true;
      onLost();
    },
  });
  if (channel === undefined) return undefined;
  let beats = 0;
  return {
    notices,
    isLost: () => isLost,
    async caughtUp(handle) {
      // Over several nodes, notices may come after a beat that was sent later.
      const isTold = (): boolean => notices.some((notice) => notice.handle === handle);
      while (channel.mayMiss && handle !== undefined && !isTold())
        await new Promise((resolve) => setTimeout(resolve, 1));
      const text = String(++beats);
      const heard = new Promise<boolean>((resolve) => {
        const late = setTimeout(() => resolve(false), PATIENCE);
        waiting.set(text, () => {
          clearTimeout(late);
          resolve(true);
        });
        onLost = () => waiting.get(text)?.();
      });
      await channel.beat(text);
      assert.ok(await heard, "the listener should hear what beat sends");
    },
    close: async () => channel.close(),
  };
}

const noticeCases = Object.entries(ENDS).map(
  ([what, { end, notice }]): Case => ({
    promise: "U2",
    name: `${what} through one instance is told to whoever listens on another, or its channel is lost`,
    async run(world) {
      const one = world.store.inner;
      const another = await world.another();
      const here = await listenTo(one);
      const there = await listenTo(another);
      try {
        const { handle, record } = await storeRecord(one, { visits: 1 }, { userId: "ann" });
        await end(one, handle, record);
        for (const heard of [here, there]) {
          await heard?.caughtUp(handle);
          const told = heard?.notices.filter((each) => each.handle === handle) ?? [];
          // What an instance does itself, the engine on it knows.
          const isOther = heard === there && another !== one;
          if (heard !== undefined && isOther && !heard.isLost())
            assert.ok(told.length > 0, `listen should tell of ${what}`);
          for (const each of told) assert.deepEqual(each, { handle, ...notice }, "what listen tells");
        }
      } finally {
        await here?.close();
        await there?.close();
      }
    },
  }),
);

/** How watchers learn that a session has ended. */
export const endCases: readonly Case[] = [
  ...noticeCases,
  {
    promise: "U2",
    name: "what ends no session is not told, and nothing after close",
    async run(world) {
      const backend = world.store.inner;
      const heard = await listenTo(backend);
      if (heard === undefined) return;
      const { handle, record } = await storeRecord(backend, { visits: 1 }, { userId: "ann" });
      await backend.patch(handle, patchOf(record, { visits: 2 }));
      await backend.touch(handle, 2000);
      const fence = await backend.lock(handle, 10);
      await backend.relock(handle, Number(fence), 0);
      assert.equal(await backend.delete(handle, 9), false);
      assert.deepEqual(await backend.revokeUser("ann", handle), []);
      const now = (await backend.read(handle))!;
      assert.equal(await backend.patch(handle, rotationOf(now, false)), "ok");
      assert.equal(await backend.patch(handle, rotationOf(now, true)), "stale");
      await backend.delete(newHandle());
      await heard.caughtUp();
      assert.deepEqual(heard.notices, [], "what listen tells");
      await heard.close();
      await backend.delete(handle);
      const later = (await listenTo(backend))!;
      await later.caughtUp();
      await later.close();
      assert.deepEqual(heard.notices, [], "what listen tells after close");
    },
  },
  {
    promise: "U2",
    name: "standings tells of each live session its epoch and its seconds, and leaves out all others",
    async run({ store, advance }) {
      const backend = store.inner;
      const plain = await storeRecord(backend, { n: 1 });
      const raised = await storeRecord(backend, { n: 2 });
      const gone = await storeRecord(backend, { n: 3 });
      const short = await storeRecord(backend, { n: 4 }, { idleTimeout: 30 });
      await backend.patch(raised.handle, rotationOf(raised.record, true));
      await backend.delete(gone.handle);
      await advance(60);
      const asked = [plain, raised, gone, short].map(({ handle }) => handle);
      const standings = await backend.standings([...asked, newHandle()]);
      const told = standings.map(({ handle, epoch, left }) => [handle, epoch, Math.round(left / 10) * 10]);
      const expected = [
        [plain.handle, 0, 940],
        [raised.handle, 1, 940],
      ];
      assert.deepEqual(told.sort(), expected.sort(), "what standings tells");
      assert.deepEqual(await backend.standings([]), []);
    },
  },
  {
    promise: "U2",
    name: "standings takes 500 handles at once",
    async run({ store }) {
      const backend = store.inner;
      const stored: string[] = [];
      for (let n = 0; n < 20; n++) stored.push((await storeRecord(backend, { n })).handle);
      const others = Array.from({ length: 480 }, newHandle);
      const standings = await backend.standings([...others.slice(240), ...stored, ...others.slice(0, 240)]);
      assert.deepEqual(standings.map(({ handle }) => handle).sort(), stored.sort(), "what standings tells");
    },
  },
];
