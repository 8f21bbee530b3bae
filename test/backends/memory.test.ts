import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ConfigError, createSessions, info, login } from "micropie";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { withClock } from "micropie/testing";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { handleOf, newPatch, newRecord } from "./_records.ts";

let time = 1000;
const now = () => time;

beforeEach(() => {
  time = 1000;
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("nothing that is done to an answer reaches what is stored", () => {
  const backend = withClock(new InMemorySessionBackend(), now);
  backend.create("a", newRecord());
  const record = backend.read("a") as { data: string };
  record.data = "{}";
  const dictionary = backend.load("a");
  dictionary.visits = 7;
  expect(backend.read("a")?.data).toBe('{"visits":1}');
});

test("a record copied with load and save is the same record", () => {
  const backend = withClock(new InMemorySessionBackend(), now);
  const other = withClock(new InMemorySessionBackend(), now);
  backend.create("a", newRecord({ userId: "ann", data: '{"__proto__":1,"micropie":2,"x":3}' }));
  backend.patch("a", newPatch({ y: 1 }, { rotation: { secretHash: "hash-2", grace: 10, raiseEpoch: true } }));
  backend.lock("a", 5);
  other.save("a", backend.load("a"), 1000);
  expect(other.read("a")).toEqual(backend.read("a"));
  expect(other.lock("a", 5)).toBe("busy");
  expect(other.listByUser("ann").map((session) => session.handle)).toEqual(["a"]);
  other.save("a", {}, 100);
  expect(other.size).toBe(0);
  expect(other.listByUser("ann")).toEqual([]);
});

test("an ordinary dictionary can be saved and loaded, but is no session", () => {
  const backend = withClock(new InMemorySessionBackend(), now);
  backend.save("plain", { visits: 3 }, 60);
  expect(backend.load("plain")).toEqual({ visits: 3 });
  expect(backend.read("plain")).toBeUndefined();
  time += 60;
  expect(backend.load("plain")).toEqual({});
});

test("prune frees what is due, also in a bucket that is due in part, and tells of each once", () => {
  const backend = withClock(new InMemorySessionBackend(), now);
  const expired: unknown[] = [];
  backend.onExpired = (handle, userId) => expired.push([handle, userId]);
  backend.create("a", newRecord({ idleTimeout: 1 }));
  backend.create("b", newRecord({ idleTimeout: 3, userId: "ann" }));
  backend.create("c", newRecord({ idleTimeout: 5 }));
  backend.create("d", newRecord({ idleTimeout: 500 }));
  time += 3;
  expect(backend.read("b")).toBeUndefined();
  expect(backend.prune()).toBe(2);
  expect(expired).toHaveLength(2);
  expect(expired).toContainEqual(["a", null]);
  expect(expired).toContainEqual(["b", "ann"]);
  expect(backend.prune()).toBe(0);
  time += 10_000_000;
  expect(backend.prune()).toBe(2);
  expect(expired).toHaveLength(4);
  expect([backend.size, backend.bytes]).toEqual([0, 0]);
});

test("the timer frees what expires while nobody asks, and stops when nothing is left", () => {
  vi.useFakeTimers();
  const backend = new InMemorySessionBackend();
  for (let i = 0; i < 1000; i++) backend.create(handleOf(i), newRecord({ idleTimeout: 60 }));
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(50_000);
  backend.touch(handleOf(7), 500);
  expect(backend.size).toBe(1000);
  vi.advanceTimersByTime(30_000);
  expect(backend.size).toBe(1);
  vi.advanceTimersByTime(520_000);
  expect(backend.size).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
  backend.create("again", newRecord());
  expect(vi.getTimerCount()).toBe(1);
  backend.close();
  expect(vi.getTimerCount()).toBe(0);
});

test("100,000 sessions that expire at once are freed in slices, with turns for other work in between", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const backend = withClock(new InMemorySessionBackend(), now);
  for (let i = 0; i < 100_000; i++) backend.create(handleOf(i), newRecord());
  time += 200;
  let slices = 0;
  let most = 0;
  while (backend.size > 0) {
    const before = backend.size;
    vi.advanceTimersToNextTimer();
    most = Math.max(most, before - backend.size);
    slices += 1;
  }
  expect(slices).toBeGreaterThan(2);
  expect(most).toBeLessThan(100_000);
});

test("touched and deleted sessions leave nothing behind, and expiry does not look at the living", () => {
  const backend = withClock(new InMemorySessionBackend(), now);
  for (let i = 0; i < 20_000; i++) backend.create(handleOf(i), newRecord({ idleTimeout: 100 + (i % 500) }));
  for (let i = 0; i < 20_000; i += 2) backend.delete(handleOf(i));
  for (let i = 1; i < 20_000; i += 4) backend.touch(handleOf(i), 900);
  time += 650;
  expect(backend.prune()).toBe(5000);
  expect(backend.size).toBe(5000);
  time += 1000;
  expect(backend.prune()).toBe(5000);
  expect([backend.size, backend.bytes]).toEqual([0, 0]);
});

test("at maxBytes the sessions unused for longest make room, whatever their timeouts, never the one being written", () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const backend = withClock(new InMemorySessionBackend({ maxBytes: 100_000 }), now);
  backend.create("short", newRecord({ idleTimeout: 60 }));
  backend.create("touched", newRecord({ idleTimeout: 1000 }));
  for (let i = 0; i < 1000; i++) {
    backend.create(handleOf(i), newRecord({ idleTimeout: 50_000 - i * 20, absoluteTimeout: 1e6 }));
    backend.read("short");
    backend.touch("touched", 1000);
  }
  expect(backend.bytes).toBeLessThanOrEqual(100_000);
  expect(backend.size).toBeGreaterThan(200);
  expect(backend.evicted).toBe(1002 - backend.size);
  expect(backend.read(handleOf(1002 - backend.size - 1))).toBeUndefined();
  expect(backend.read(handleOf(1002 - backend.size))).toBeDefined();
  for (const handle of ["short", "touched"]) expect(backend.read(handle)).toBeDefined();
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[1]).toMatchObject({ code: "MICROPIE_MEMORY_FULL" });

  backend.create("next", newRecord({ idleTimeout: 1 }));
  const { size } = backend;
  expect(backend.patch("next", newPatch({ text: "x".repeat(50_000) }, { idleTimeout: 1 }))).toBe("ok");
  expect(backend.read("next")).toBeDefined();
  expect(backend.size).toBeLessThan(size - 100);
  expect(backend.bytes).toBeLessThanOrEqual(100_000);
});

test("4,200 anonymous sessions of 64 kB sign nobody out, and the one unused for longest goes first", async () => {
  const backend = new InMemorySessionBackend({ maxBytes: 32 * 1024 * 1024 });
  const sessions = createSessions({ backend });
  const admin = await sessions.load(undefined);
  login(admin, "admin", { timeouts: { idle: 60 } });
  const cookie = (await sessions.commit(admin))!.split(";")[0]!;
  const post = async (): Promise<string> => {
    const session = await sessions.load(undefined);
    session.text = "x".repeat(64_000);
    return (await sessions.commit(session))!.split(";")[0]!;
  };
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const [first, second] = [await post(), await post()];
  for (let n = 0; n < 4200; n++) {
    await post();
    await sessions.load(first);
  }
  expect(backend.bytes).toBeLessThanOrEqual(32 * 1024 * 1024);
  expect(info(await sessions.load(cookie)).userId).toBe("admin");
  expect(info(await sessions.load(first)).stored).toBe(true);
  expect(info(await sessions.load(second)).stored).toBe(false);
  expect(warn.mock.calls.map(([, options]) => options)).toMatchObject([{ code: "MICROPIE_MEMORY_FULL" }]);
});

test("signed-in sessions go only by other sign-ins, the one unused for longest first, with a warning of its own", () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const backend = withClock(new InMemorySessionBackend({ maxBytes: 100_000 }), now);
  const size = (): number => backend.listByUser("ann").length;
  let n = 0;
  for (; backend.evicted === 0; n++) backend.create(handleOf(n), newRecord({ userId: "ann" }));
  const most = size();
  expect(backend.read(handleOf(0))).toBeUndefined();
  expect(backend.bytes).toBeGreaterThan(80_000);
  expect(backend.bytes).toBeLessThanOrEqual(87_500);
  const codes = () => warn.mock.calls.map(([, options]) => (options as { code: string }).code);
  expect(codes()).toEqual(["MICROPIE_MEMORY_FULL", "MICROPIE_MEMORY_SIGNED_OUT"]);
  for (let m = 0; m < 1000; m++) backend.create(`anonymous${m}`, newRecord());
  expect(size()).toBe(most);
  expect(backend.bytes).toBeLessThanOrEqual(100_000);
  backend.read(handleOf(1));
  const rotation = { secretHash: "hash-2", grace: 10, raiseEpoch: true, userId: "ann" };
  expect(backend.patch("anonymous999", newPatch({}, { rotation }))).toBe("ok");
  expect([backend.read(handleOf(1)), backend.read(handleOf(2))]).toEqual([expect.anything(), undefined]);
  expect(backend.read("anonymous999")?.userId).toBe("ann");
  expect(codes()).toHaveLength(2);
  for (const { handle } of backend.listByUser("ann")) backend.delete(handle);
  for (let m = 0; m < 1000; m++) backend.delete(`anonymous${m}`);
  expect([backend.bytes, backend.size]).toEqual([0, 0]);
});

test("the expired make room before the living, as expired and not as evicted", () => {
  const backend = withClock(new InMemorySessionBackend({ maxBytes: 1600 }), now);
  const expired: string[] = [];
  backend.onExpired = (handle) => expired.push(handle);
  for (let i = 0; i < 5; i++) backend.create(handleOf(i), newRecord({ idleTimeout: 10 }));
  time += 10;
  for (let i = 5; i < 10; i++) backend.create(handleOf(i), newRecord());
  expect(expired.length).toBeGreaterThan(3);
  expect(backend.evicted).toBe(0);
});

test("a session keeps no string alive that its own were cut from", () => {
  const backend = withClock(new InMemorySessionBackend(), now);
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const heap = () => {
    gc();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  for (let i = 0; i < 100; i++) {
    const header = `${handleOf(i)}${"user-name-that-is-long"}${String(i).repeat(100_000)}`;
    header.charCodeAt(1);
    backend.create(header.slice(0, 16), newRecord({ userId: header.slice(16, 38) }));
  }
  expect(heap() - before).toBeLessThan(2_000_000);
  expect(backend.listByUser("user-name-that-is-long")).toHaveLength(100);
});

test("the limit is checked", () => {
  expect(() => new InMemorySessionBackend({ maxBytes: 0 })).toThrow(ConfigError);
  expect(() => new InMemorySessionBackend({ maxBytes: Number.NaN })).toThrow(/maxBytes/);
});

test("a lock is counted in bytes, and its record gone, nothing is left of it", () => {
  const backend = withClock(new InMemorySessionBackend(), now);
  backend.create("a", newRecord());
  const before = backend.bytes;
  backend.lock("a", 5);
  expect(backend.bytes).toBeGreaterThan(before);
  backend.delete("a");
  expect(backend.bytes).toBe(0);
});
