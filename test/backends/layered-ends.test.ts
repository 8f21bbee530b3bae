import { InMemorySessionBackend, type SessionBackend } from "micropie";
import type { SessionRecord } from "micropie/backends/backend";
import { LayeredSessionBackend, type OpenChannel } from "micropie/backends/layered";
import { replaceData } from "micropie/core/session";
import { newHandle, newHash, patchOf, recordOf } from "micropie/testing/cases/_records";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TellingBackend } from "./_layered.ts";
import { ENDS, endWhileRead, isServed, type Pair, pairOf, signIn, untilCached } from "./_layered-ends.ts";

/** Seconds. */
const LEASE = 0.1;

let store: TellingBackend;
let opened: LayeredSessionBackend[] = [];

beforeEach(() => {
  store = new TellingBackend();
  opened = [];
});
afterEach(async () => {
  await Promise.all(opened.map((backend) => backend.close()));
});

function layered(channel: OpenChannel = store.open): LayeredSessionBackend {
  const backend = new LayeredSessionBackend(store, { channel, lease: LEASE });
  opened.push(backend);
  return backend;
}

async function cachedPair(ender: SessionBackend, cache: LayeredSessionBackend): Promise<[Pair, string]> {
  const pair = pairOf(ender, cache);
  await cache.ready();
  const cookie = await signIn(pair.ender, "ann");
  await untilCached(pair, cookie);
  return [pair, cookie];
}

describe.each(Object.entries(ENDS))("a session that is cached elsewhere and %s", (_, end) => {
  test("is not served any more once that is acknowledged", async () => {
    const [pair, cookie] = await cachedPair(layered(), layered());
    expect((await endWhileRead(pair, end, cookie, "ann")).servedAfterwards).toBe(0);
  });

  test("nor if the other server is told nothing any more; it is served for a while before", async () => {
    const [pair, cookie] = await cachedPair(layered(), layered());
    store.channel.hold();
    const { served, servedAfterwards } = await endWhileRead(pair, end, cookie, "ann");
    expect(servedAfterwards).toBe(0);
    expect(served).toBeGreaterThan(0);
  });

  test("nor by staleness, where nobody is told of anything", async () => {
    const inner = new InMemorySessionBackend();
    const by = () => new LayeredSessionBackend(inner, { staleness: LEASE });
    const [pair, cookie] = await cachedPair(by(), by());
    const { served, servedAfterwards } = await endWhileRead(pair, end, cookie, "ann");
    expect(servedAfterwards).toBe(0);
    expect(served).toBeGreaterThan(0);
  });

  // What is wrong on purpose, so that the tests above can fail.

  test("is served if whoever ends it does not wait", async () => {
    const [pair, cookie] = await cachedPair(store, layered());
    store.channel.hold();
    expect((await endWhileRead(pair, end, cookie, "ann")).servedAfterwards).toBeGreaterThan(0);
  });

  test("is served if a channel's answer overtakes what it has to tell", async () => {
    const lying: OpenChannel = async (listener, signal) => {
      await store.open(listener, signal);
      return { ping: async () => {} };
    };
    const [pair, cookie] = await cachedPair(layered(), layered(lying));
    store.channel.hold();
    expect((await endWhileRead(pair, end, cookie, "ann")).servedAfterwards).toBeGreaterThan(0);
  });
});

test("of two requests that empty a session at once, neither is told so while it is served elsewhere", async () => {
  const [{ ender, server }, cookie] = await cachedPair(layered(), layered());
  store.channel.hold();
  const sessions = [await ender.load(cookie), await ender.load(cookie)];
  for (const session of sessions) replaceData(session, {});
  const commits = sessions.map(async (session) => {
    await ender.commit(session);
    return isServed(server, cookie);
  });
  expect(await isServed(server, cookie)).toBe(true);
  expect(await Promise.all(commits)).toEqual([false, false]);
});

describe("whoever ends something", () => {
  /** Answers how many seconds went by until it did. */
  async function timed(run: () => unknown): Promise<number> {
    const began = performance.now();
    await run();
    return (performance.now() - began) / 1000;
  }

  let backend: LayeredSessionBackend;
  let handle: string;
  let record: SessionRecord;
  beforeEach(async () => {
    backend = layered();
    await backend.ready();
    handle = newHandle();
    store.create(handle, recordOf({ a: 1 }, { userId: "ann" }));
    record = store.read(handle)!;
  });

  const rotated = (raiseEpoch: boolean) => ({ rotation: { secretHash: newHash(), grace: 10, raiseEpoch } });
  const ends: Record<string, () => unknown> = {
    delete: () => backend.delete(handle),
    "delete of what is over": () => backend.delete(newHandle()),
    "delete at one version": () => backend.delete(handle, record.version),
    revokeUser: () => backend.revokeUser("ann"),
    "revokeUser that ends nothing": () => backend.revokeUser("bob"),
    "a change of rights": () => backend.patch(handle, patchOf(record, {}, rotated(true))),
    "a change of rights that came second": () =>
      backend.patch(handle, patchOf(record, {}, { ...rotated(true), ifEpoch: 7 })),
    "a rotation": () => backend.patch(handle, patchOf(record, {}, rotated(false))),
    "a patch of what is over": () => backend.patch(newHandle(), patchOf(record, { a: 2 })),
    "a touch of what is over": () => backend.touch(newHandle(), 10),
    "a lock of what is over": () => backend.lock(newHandle(), 10),
    save: () => backend.save(handle, {}, 0),
  };
  for (const [what, end] of Object.entries(ends)) {
    test(`waits for the lease before it is told: ${what}`, async () => {
      expect(await timed(() => end())).toBeGreaterThanOrEqual(LEASE);
    });
  }

  test("nothing else waits: over a back-end that answers at once, it answers at once", async () => {
    expect(backend.patch(handle, patchOf(record, { a: 2 }))).toBe("ok");
    expect(backend.patch(handle, patchOf(record, { b: 2 }))).toBe("merged");
    expect(backend.patch(handle, patchOf(record, {}, { ifVersion: 1 }))).toBe("stale");
    expect(backend.touch(handle, 2000)).toBe(true);
    expect(backend.delete(handle, 1)).toBe(false);
    expect(backend.lock(handle, 10)).toBe(1);
    expect(backend.lock(handle, 10)).toBe("busy");
    expect(backend.relock(handle, 1, 0)).toBe(true);
    expect(backend.create(newHandle(), recordOf({}))).toBe(true);
    expect(backend.read(newHandle())).toBeUndefined();
  });

  test("is told at once of a failure", async () => {
    store.delete = () => {
      throw new Error("the store is down");
    };
    const began = performance.now();
    expect(() => backend.delete(handle)).toThrow("the store is down");
    expect(performance.now() - began).toBeLessThan(LEASE * 1000);
  });
});
