import { ConfigError, InMemorySessionBackend } from "micropie";
import type { SessionRecord } from "micropie/backends/backend";
import { type LayeredOptions, LayeredSessionBackend } from "micropie/backends/layered";
import { GatedBackend, movableClock } from "micropie/testing";
import { newHandle, newHash, patchOf, recordOf } from "micropie/testing/cases/_records";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TellingBackend } from "./_layered.ts";

const LEASE = 0.05;
const clock = movableClock();
let telling: TellingBackend;
let store: GatedBackend;
let layered: LayeredSessionBackend;

beforeEach(async () => {
  telling = new TellingBackend({ now: clock.now });
  store = new GatedBackend(telling);
  layered = new LayeredSessionBackend(store, { channel: telling.open, lease: LEASE });
  await layered.ready();
  store.forget();
});
afterEach(async () => {
  vi.useRealTimers();
  await layered.close();
});

/** Another one, instead of the one each test begins with. */
function make(options: LayeredOptions): void {
  void layered.close();
  layered = new LayeredSessionBackend(store, options);
}

/** Lets time go by only where the test says so, and begins anew. */
function stopTime(options: LayeredOptions): void {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  make(options);
}

/** A session that is in the store only. */
function stored(data: object = { a: 1 }, more: Parameters<typeof recordOf>[1] = {}): string {
  const handle = newHandle();
  telling.create(handle, recordOf(data, more));
  return handle;
}

/** Makes sure that the channel's last word is new. */
async function proven(): Promise<void> {
  await layered.ready();
}

/** Reads it from the store, so that the next read is a hit. */
async function cached(handle: string): Promise<SessionRecord> {
  await proven();
  const record = await layered.read(handle);
  expect(isHit(handle)).toBe(true);
  return record!;
}

function isHit(handle: string): boolean {
  const before = layered.hits;
  void layered.read(handle);
  return layered.hits > before;
}

describe("a read", () => {
  test("asks the store once, and is then answered at once, with the store's clock as it has moved on", async () => {
    const handle = stored({ a: 1 }, { userId: "ann" });
    const first = await cached(handle);
    store.forget();
    clock.advance(0.01);
    const second = layered.read(handle);
    expect(second).not.toBeInstanceOf(Promise);
    const { now, ...rest } = second as SessionRecord;
    const { now: before, ...same } = first;
    expect(rest).toEqual(same);
    expect(now - before).toBeGreaterThan(0.0099);
    expect(now - before).toBeLessThan(1);
    expect(store.calls).toEqual([]);
  });

  test("of what is not there is asked again each time", async () => {
    const handle = newHandle();
    expect(await layered.read(handle)).toBeUndefined();
    telling.create(handle, recordOf({ a: 1 }));
    expect(await layered.read(handle)).toBeDefined();
  });

  test("of what is past a deadline goes to the store: of the session, and of the id before a rotation", async () => {
    make({ staleness: 60 });
    const idle = stored({}, { idleTimeout: 5 });
    const absolute = stored({}, { absoluteTimeout: 5 });
    const grace = stored();
    const rotation = { secretHash: newHash(), grace: 5, raiseEpoch: false };
    telling.patch(grace, patchOf(telling.read(grace)!, {}, { rotation }));
    for (const handle of [idle, absolute, grace]) await layered.read(handle);
    clock.advance(4.9);
    for (const handle of [idle, absolute, grace]) expect(isHit(handle)).toBe(true);
    clock.advance(0.2);
    for (const handle of [idle, absolute, grace]) expect(isHit(handle)).toBe(false);
    expect(await layered.read(idle)).toBeUndefined();
    const { now: _, ...inStore } = telling.read(grace)!;
    expect(await layered.read(grace)).toMatchObject(inStore);
  });
});

describe("what is known to be old", () => {
  test("a change that is told is seen by the next read", async () => {
    const handle = stored();
    const record = await cached(handle);
    telling.patch(handle, patchOf(record, { a: 2 }));
    expect((await layered.read(handle))?.data).toBe('{"a":2}');
  });

  test("a read that a told change has overtaken is not kept", async () => {
    const handle = stored();
    await proven();
    const gate = store.hold("read", "after");
    const reading = layered.read(handle);
    await gate.reached;
    telling.patch(handle, patchOf(telling.read(handle)!, { a: 2 }));
    gate.open();
    expect((await reading)?.data).toBe('{"a":1}');
    expect((await layered.read(handle))?.data).toBe('{"a":2}');
  });

  test("a read that is older than the channel is not kept", async () => {
    const handle = stored();
    make({ channel: telling.open, lease: LEASE });
    const gate = store.hold("read", "after");
    const reading = layered.read(handle);
    await gate.reached;
    telling.patch(handle, patchOf(telling.read(handle)!, { a: 2 }));
    await layered.ready();
    gate.open();
    await reading;
    expect(isHit(handle)).toBe(false);
    expect((await layered.read(handle))?.data).toBe('{"a":2}');
  });

  test("a read that a loss of the channel has overtaken is not kept", async () => {
    const handle = stored();
    await proven();
    const gate = store.hold("read", "after");
    const reading = layered.read(handle);
    await gate.reached;
    telling.channel.lose();
    await layered.ready();
    gate.open();
    await reading;
    expect(isHit(handle)).toBe(false);
  });

  const writes: Record<string, (handle: string, record: SessionRecord) => unknown> = {
    patch: (handle, record) => layered.patch(handle, patchOf(record, { a: 2 })),
    touch: (handle) => layered.touch(handle, 2000),
    lock: (handle) => layered.lock(handle, 10),
    relock: (handle) => layered.relock(handle, 1, 10),
    delete: (handle) => layered.delete(handle, -5),
    save: (handle) => layered.save(handle, { a: 3 }, 10),
    create: (handle) => layered.create(handle, recordOf({})),
  };
  for (const [verb, write] of Object.entries(writes)) {
    test(`${verb} forgets the record before it asks and after the answer, whatever that is`, async () => {
      for (const side of ["before", "after"] as const) {
        stopTime({ staleness: 60 });
        const handle = stored();
        const record = (await layered.read(handle))!;
        expect(isHit(handle)).toBe(true);
        const gate = store.hold(verb as "patch", side);
        const writing = Promise.resolve(write(handle, record));
        await gate.reached;
        expect(isHit(handle)).toBe(false);
        expect(isHit(handle)).toBe(side === "before" || verb !== "save");
        gate.open();
        await store.settled();
        expect(isHit(handle)).toBe(false);
        await vi.advanceTimersByTimeAsync(61_000);
        await writing;
        vi.useRealTimers();
      }
    });
  }

  test("revokeUser forgets what it has ended as soon as the store has answered", async () => {
    stopTime({ staleness: 60 });
    const handle = stored({}, { userId: "ann" });
    await layered.read(handle);
    expect(isHit(handle)).toBe(true);
    const revoking = layered.revokeUser("ann");
    await vi.advanceTimersByTimeAsync(1);
    expect(isHit(handle)).toBe(false);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await revoking).toEqual([handle]);
  });

  test("a write that fails forgets the record too", async () => {
    const handle = stored();
    const record = await cached(handle);
    store.fail(["patch"]);
    await expect(layered.patch(handle, patchOf(record, { a: 2 }))).rejects.toThrow("the store is down");
    expect(isHit(handle)).toBe(false);
  });
});

describe("without a word from the channel", () => {
  test("a record is served until nine tenths of the lease after the last ping that was answered", async () => {
    const handle = stored();
    await cached(handle);
    telling.channel.hold();
    clock.advance(LEASE * 0.85);
    expect(isHit(handle)).toBe(true);
    clock.advance(LEASE * 0.06);
    expect(isHit(handle)).toBe(false);
    expect(isHit(handle)).toBe(false);
    telling.channel.release();
    await proven();
    expect(isHit(handle)).toBe(true);
  });

  test("the lease begins when the ping was sent, not when it was answered", async () => {
    const handle = stored();
    await cached(handle);
    telling.channel.hold();
    clock.advance(LEASE * 0.5);
    expect(isHit(handle)).toBe(true);
    clock.advance(LEASE * 0.8);
    telling.channel.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(isHit(handle)).toBe(true);
    clock.advance(LEASE * 0.15);
    telling.channel.hold();
    expect(isHit(handle)).toBe(false);
  });

  test("what it had to tell comes before the answer that makes a lease, so nothing ended is served", async () => {
    const handle = stored();
    await cached(handle);
    telling.channel.hold();
    telling.delete(handle);
    expect(isHit(handle)).toBe(true);
    clock.advance(LEASE);
    telling.channel.release();
    await proven();
    expect(await layered.read(handle)).toBeUndefined();
  });

  test("a clock that is set back proves nothing", async () => {
    const handle = stored();
    await cached(handle);
    clock.advance(-1);
    expect(isHit(handle)).toBe(false);
  });

  test("it is lost after two seconds, all is forgotten, and reads open another one", async () => {
    stopTime({ channel: telling.open, lease: LEASE });
    const handle = stored();
    await cached(handle);
    telling.channel.hold();
    const lost = telling.channel;
    vi.advanceTimersByTime(100);
    expect(isHit(handle)).toBe(false);
    vi.advanceTimersByTime(2100);
    expect(isHit(handle)).toBe(false);
    expect(lost.isClosed).toBe(true);
    expect(layered.size).toBe(0);
    expect(String(layered.problem)).toContain("did not answer for 2 seconds");
    vi.advanceTimersByTime(200);
    await layered.read(handle);
    await layered.ready();
    expect(layered.problem).toBeUndefined();
    expect(telling.channel).not.toBe(lost);
    await cached(handle);
  });

  test("while it cannot be opened all reads go to the store, and attempts become rare", async () => {
    telling.refuse = new Error("no such channel");
    const open = vi.fn(telling.open);
    stopTime({ channel: open, lease: LEASE });
    const handle = stored();
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    await expect(layered.ready()).rejects.toBe(telling.refuse);
    for (let tick = 0; tick < 1000; tick++) {
      await vi.advanceTimersByTimeAsync(100);
      expect(await layered.read(handle)).toBeDefined();
    }
    expect(open.mock.calls.length).toBeGreaterThan(10);
    expect(open.mock.calls.length).toBeLessThan(20);
    expect(layered.hits).toBe(0);
    expect(layered.problem).toBe(telling.refuse);
    expect(warned).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining("no such channel"),
      expect.objectContaining({ code: "MICROPIE_NOT_CACHED" }),
    );
    warned.mockRestore();
    telling.refuse = undefined;
    await layered.ready();
    await cached(handle);
  });

  test("one that tells nothing of this store is not believed", async () => {
    telling.isDeaf = true;
    stopTime({ channel: telling.open, lease: LEASE });
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const ready = layered.ready();
    ready.catch(() => {});
    const handle = stored();
    for (let tick = 0; tick < 60; tick++) {
      await vi.advanceTimersByTimeAsync(100);
      expect(isHit(handle)).toBe(false);
    }
    await expect(ready).rejects.toThrow("told nothing of a change in the store within 5 seconds");
    expect(warned).toHaveBeenCalledTimes(1);
    warned.mockRestore();
  });
});

describe("by staleness", () => {
  test("a record is served for nine tenths of it since its read began", async () => {
    make({ staleness: 10 });
    const handle = stored();
    const gate = store.hold("read");
    const reading = layered.read(handle);
    clock.advance(5);
    gate.open();
    await reading;
    clock.advance(3.9);
    expect(isHit(handle)).toBe(true);
    clock.advance(0.2);
    expect(isHit(handle)).toBe(false);
    await expect(layered.ready()).resolves.toBeUndefined();
  });
});

describe("memory", () => {
  test("is bounded: what was not used for longest goes first", async () => {
    make({ staleness: 60, maxBytes: 20_000 });
    const used = stored({ text: "x".repeat(1000) });
    await layered.read(used);
    for (let n = 0; n < 100; n++) {
      await layered.read(stored({ text: "x".repeat(1000) }));
      expect(isHit(used)).toBe(true);
      expect(layered.bytes).toBeLessThanOrEqual(20_000);
    }
    expect(layered.size).toBeGreaterThan(5);
    const large = stored({ text: "x".repeat(30_000) });
    await layered.read(large);
    expect(isHit(large)).toBe(false);
    expect(isHit(used)).toBe(true);
  });

  test("is given back by what nobody asks for any more, as others come", async () => {
    make({ staleness: 10 });
    for (let n = 0; n < 100; n++) await layered.read(stored());
    expect(layered.size).toBe(100);
    clock.advance(11);
    for (let n = 0; n < 60; n++) await layered.read(stored());
    expect(layered.size).toBe(60);
    expect(layered.bytes).toBeLessThan(60 * 1200);
  });
});

describe("around it", () => {
  test("an unused cache asks the channel for nothing, a used one four times a lease", async () => {
    const handle = stored();
    await cached(handle);
    const { pings } = telling.channel;
    await new Promise((resolve) => setTimeout(resolve, LEASE * 3000));
    expect(telling.channel.pings).toBe(pings);
    for (let n = 0; n < 100; n++) void layered.read(handle);
    expect(telling.channel.pings).toBe(pings + 1);
    clock.advance(LEASE / 3);
    void layered.read(handle);
    expect(telling.channel.pings).toBe(pings + 2);
  });

  test("close ends the channel, forgets everything and closes what it is before", async () => {
    const handle = stored();
    await cached(handle);
    const { channel } = telling;
    await layered.close();
    expect(channel.isClosed).toBe(true);
    expect(layered.size).toBe(0);
    expect(await layered.read(handle)).toBeDefined();
    expect(layered.size).toBe(0);
    await expect(layered.ready()).rejects.toThrow("closed");
    expect(telling.channels).toHaveLength(1);
  });

  test("a listener for expired sessions is the inner back-end's", () => {
    const listener = vi.fn();
    layered.onExpired = listener;
    expect(telling.onExpired).toBe(listener);
    expect(layered.onExpired).toBe(listener);
  });

  test("options that cannot be are refused by name", () => {
    const inner = new InMemorySessionBackend();
    const wrong: [string, unknown, unknown][] = [
      ["backend", undefined, { staleness: 1 }],
      ["backend", {}, { staleness: 1 }],
      ["staleness", inner, undefined],
      ["staleness", inner, {}],
      ["staleness", inner, { staleness: 0 }],
      ["staleness", inner, { staleness: "1" }],
      ["staleness", inner, { staleness: 61 }],
      ["staleness", inner, { channel: telling.open, staleness: 1 }],
      ["lease", inner, { staleness: 1, lease: 1 }],
      ["lease", inner, { channel: telling.open, lease: 0 }],
      ["lease", inner, { channel: telling.open, lease: Number.NaN }],
      ["channel", inner, { channel: {} }],
      ["redis", inner, { redis: {} }],
      ["redis", inner, { redis: null }],
      ["postgres", inner, { postgres: {} }],
      ["prefix", inner, { channel: telling.open, prefix: "a" }],
      ["table", inner, { channel: telling.open, table: "a" }],
      ["maxBytes", inner, { staleness: 1, maxBytes: 0 }],
    ];
    for (const [option, backend, options] of wrong) {
      const make = () => new LayeredSessionBackend(backend as never, options as LayeredOptions);
      expect(make, JSON.stringify(options)).toThrow(ConfigError);
      expect(make, JSON.stringify(options)).toThrow(expect.objectContaining({ option }));
    }
  });
});
