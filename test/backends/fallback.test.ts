import { createSessions } from "micropie";
import { type LoadSave, type SessionData, toBackend } from "micropie/backends/backend";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { virtualEnvironment } from "micropie/testing";
import { expect, test, vi } from "vitest";
import { newPatch, newRecord } from "./_records.ts";

/** A user's back-end that keeps JSON, as a file or a database would, and can be told to wait or to fail. */
class TextBackend implements LoadSave {
  readonly texts = new Map<string, { text: string; timeout: number }>();
  beforeSave: (id: string, data: SessionData) => Promise<void> | void = () => {};

  async load(id: string): Promise<SessionData> {
    await null;
    return JSON.parse(this.texts.get(id)?.text ?? "{}");
  }

  async save(id: string, data: SessionData, timeout: number): Promise<void> {
    await this.beforeSave(id, data);
    if (timeout <= 0 || Object.keys(data).length === 0) this.texts.delete(id);
    else this.texts.set(id, { text: JSON.stringify(data), timeout });
  }
}

function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

test("a session lives in two methods: what it held comes back, and timeouts are whole seconds", async () => {
  const store = new TextBackend();
  const backend = toBackend(store);
  const data = '{"__proto__":{"a":1},"micropie":2,"x":3}';
  expect(await backend.create("a", newRecord({ data, idleTimeout: 0.3 }))).toBe(true);
  expect(await backend.create("a", newRecord())).toBe(false);
  expect(store.texts.get("a")?.timeout).toBe(1);
  expect(JSON.parse((await backend.read("a"))?.data ?? "")).toStrictEqual(JSON.parse(data));
  await backend.create("b", newRecord({ idleTimeout: 5000, absoluteTimeout: 60 }));
  expect(store.texts.get("b")?.timeout).toBe(60);
});

test.each([["load"], ["save"], ["load", "save"]] as const)(
  "a subclass of a whole back-end that overrides %s %s is used by these methods, with the clock and the end of its own",
  async (...overridden) => {
    const calls: string[] = [];
    class Logged extends InMemorySessionBackend {
      override close(): void {
        calls.push("close");
      }
    }
    for (const name of overridden) {
      const method: (...args: unknown[]) => unknown = InMemorySessionBackend.prototype[name] as never;
      Object.defineProperty(Logged.prototype, name, {
        value(this: Logged, ...args: unknown[]) {
          calls.push(name);
          return method.apply(this, args);
        },
      });
    }
    const backend = new Logged();
    const environment = virtualEnvironment();
    const sessions = createSessions({ backend, environment, timeouts: { idle: 60, absolute: 600 } });
    const session = await sessions.load(null);
    session.visits = 1;
    const line = await sessions.commit(session);
    const cookie = line!.split(";", 1)[0]!;
    expect(await sessions.load(cookie)).toEqual({ visits: 1 });
    expect([...new Set(calls)].sort()).toEqual([...overridden].sort());
    environment.advance(61);
    expect(await sessions.load(cookie)).toEqual({});
    await sessions.close();
    expect(calls.at(-1)).toBe("close");
  },
);

test("a subclass of a whole back-end that overrides its own methods, or others than load and save, is used as it is", async () => {
  class Counted extends InMemorySessionBackend {
    reads = 0;
    override read(handle: string): ReturnType<InMemorySessionBackend["read"]> {
      this.reads += 1;
      return super.read(handle);
    }
  }
  const backend = new Counted();
  expect(toBackend(backend)).toBe(backend);
  class Dictionaries extends Counted {
    override load(id: string): SessionData {
      return super.load(id);
    }
    override read(handle: string): ReturnType<InMemorySessionBackend["read"]> {
      return super.read(handle);
    }
  }
  const both = new Dictionaries();
  expect(toBackend(both)).toBe(both);
});

test("parallel patches of different keys are all kept", async () => {
  const backend = toBackend(new TextBackend());
  await backend.create("a", newRecord());
  const results = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => backend.patch("a", newPatch({ [`key${i}`]: i }))),
  );
  expect(results.filter((result) => result === "ok")).toHaveLength(1);
  expect(results.filter((result) => result === "merged")).toHaveLength(49);
  expect(Object.keys(JSON.parse((await backend.read("a"))?.data ?? ""))).toHaveLength(51);
});

test("a slow write that began before the end does not bring the session back, nor does one in the queue", async () => {
  const store = new TextBackend();
  const backend = toBackend(store);
  await backend.create("a", newRecord());
  const saving = gate();
  const reached = gate();
  store.beforeSave = async (_, data) => {
    if (Object.keys(data).length === 0) return;
    reached.open();
    await saving.opened;
  };
  const slow = backend.patch("a", newPatch({ late: 1 }));
  await reached.opened;
  const queued = backend.patch("a", newPatch({ later: 1 }));
  const deleted = backend.delete("a");
  expect(await backend.read("a")).toBeUndefined();
  saving.open();
  expect(await slow).toBe("ok");
  expect(await queued).toBe("ended");
  expect(await deleted).toBe(true);
  expect(await backend.touch("a", 100)).toBe(false);
  expect(store.texts.size).toBe(0);
});

test("what another process writes late is not believed here", async () => {
  const store = new TextBackend();
  const backend = toBackend(store);
  await backend.create("a", newRecord());
  const copy = await store.load("a");
  await backend.delete("a");
  await store.save("a", copy, 100);
  expect(await backend.read("a")).toBeUndefined();
  expect(await backend.patch("a", newPatch({ x: 1 }))).toBe("ended");
  expect(await backend.create("a", newRecord())).toBe(false);
  expect(await backend.delete("a")).toBe(true);
});

test("a failed delete is an error, and the session has ended here all the same", async () => {
  const store = new TextBackend();
  const backend = toBackend(store);
  await backend.create("a", newRecord());
  store.beforeSave = () => Promise.reject(new Error("down"));
  await expect(backend.delete("a")).rejects.toThrow("down");
  expect(await backend.read("a")).toBeUndefined();
  store.beforeSave = () => {};
  expect(await backend.delete("a")).toBe(true);
  expect(store.texts.size).toBe(0);
});

test("a failed save changes nothing and does not block the next", async () => {
  const store = new TextBackend();
  const backend = toBackend(store);
  await backend.create("a", newRecord());
  store.beforeSave = () => Promise.reject(new Error("down"));
  await expect(backend.patch("a", newPatch({ x: 1 }))).rejects.toThrow("down");
  store.beforeSave = () => {};
  expect(await backend.patch("a", newPatch({ y: 1 }))).toBe("ok");
  expect((await backend.read("a"))?.data).toBe('{"visits":1,"y":1}');
});

test("what we did not write is no session and is not overwritten", async () => {
  const store = new TextBackend();
  const backend = toBackend(store);
  for (const text of ['{"visits":9}', "null", "[1]", '"text"', '{"micropie":{"secretHash":"x"}}']) {
    store.texts.set("foreign", { text, timeout: 1 });
    // A dictionary is somebody's; anything else is what is left of a record.
    const isWhole = ['{"visits":9}', "null"].includes(text);
    expect((await backend.read("foreign"))?.secretHash).toBe(isWhole ? undefined : "");
    expect(await backend.patch("foreign", newPatch({ x: 1 }))).toBe("ended");
    expect(await backend.lock("foreign", 1)).toBe("ended");
    expect(store.texts.get("foreign")?.text).toBe(text);
  }
  expect(await backend.create("foreign", newRecord())).toBe(false);
  store.load = async () => null as unknown as SessionData;
  expect(await backend.read("a")).toBeUndefined();
  expect(await backend.create("a", newRecord())).toBe(true);
});

test("only while it has this version", async () => {
  const backend = toBackend(new TextBackend());
  await backend.create("a", newRecord());
  await backend.patch("a", newPatch({ x: 1 }));
  expect(await backend.delete("a", 1)).toBe(false);
  expect(await backend.read("a")).toBeDefined();
  expect(await backend.delete("a", 2)).toBe(true);
  expect(await backend.read("a")).toBeUndefined();
});

test("a user's sessions are listed and revoked; a sign-in in flight is revoked too", async () => {
  const store = new TextBackend();
  const backend = toBackend(store);
  for (const handle of ["a", "b", "c"]) await backend.create(handle, newRecord({ userId: "ann" }));
  await backend.create("d", newRecord());
  await backend.create("e", newRecord({ userId: "bob" }));
  expect((await backend.listByUser("ann")).map((session) => session.handle)).toEqual(["a", "b", "c"]);
  const saving = gate();
  const reached = gate();
  store.beforeSave = async (id) => {
    if (id !== "d") return;
    reached.open();
    await saving.opened;
  };
  const rotation = { secretHash: "hash-2", grace: 0, raiseEpoch: true, userId: "ann" };
  const login = backend.patch("d", newPatch({}, { rotation }));
  await reached.opened;
  const revoked = backend.revokeUser("ann", "b");
  saving.open();
  expect(await login).toBe("ok");
  expect([...(await revoked)].sort()).toEqual(["a", "c", "d"]);
  expect((await backend.listByUser("ann")).map((session) => session.handle)).toEqual(["b"]);
  expect(await backend.delete("b")).toBe(true);
  expect([...store.texts.keys()].filter((id) => id.startsWith("user_"))).toHaveLength(1);
  expect((await backend.listByUser("bob")).map((session) => session.handle)).toEqual(["e"]);
});

test("a session that signs in as somebody else leaves the first user's list", async () => {
  const backend = toBackend(new TextBackend());
  await backend.create("a", newRecord({ userId: "ann" }));
  const rotation = { secretHash: "hash-2", grace: 0, raiseEpoch: true, userId: "bob" };
  await backend.patch("a", newPatch({}, { rotation }));
  expect(await backend.revokeUser("ann")).toEqual([]);
  expect(await backend.revokeUser("bob")).toEqual(["a"]);
});

test("two methods of a built-in back-end suffice as well", async () => {
  const memory = new InMemorySessionBackend();
  const backend = toBackend({
    load: (id) => memory.load(id),
    save: (id, data, timeout) => memory.save(id, data, timeout),
  });
  await backend.create("a", newRecord({ userId: "ann" }));
  expect(await backend.patch("a", newPatch({ x: 1 }))).toBe("ok");
  expect(await backend.lock("a", 5)).toBe(1);
  expect(await backend.lock("a", 5)).toBe("busy");
  expect(await backend.relock("a", 1, 0)).toBe(true);
  expect(await backend.lock("a", 5)).toBe(2);
  expect(await backend.relock("a", 1, 5)).toBe(false);
  expect(await backend.revokeUser("ann")).toEqual(["a"]);
  expect(memory.size).toBe(0);
});

test("a call that the store never answers holds up its session for half a minute, not for ever", async () => {
  const store = new TextBackend();
  const backend = toBackend(store);
  await backend.create("a", newRecord());
  vi.useFakeTimers();
  try {
    store.beforeSave = () => {
      store.beforeSave = () => {};
      return new Promise(() => {});
    };
    void backend.patch("a", newPatch({ lost: 1 }));
    const next = backend.patch("a", newPatch({ kept: 1 }));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(await next).toBe("ok");
  } finally {
    vi.useRealTimers();
  }
});

test("whoever uses one object with two methods shares its turns", () => {
  const store = new TextBackend();
  expect(toBackend(store)).toBe(toBackend(store));
  expect(toBackend(new TextBackend())).not.toBe(toBackend(store));
});
