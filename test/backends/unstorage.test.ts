import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, createSessions } from "micropie";
import { type UnstorageLike, UnstorageSessionBackend } from "micropie/backends/unstorage";
import { browser, gate, virtualEnvironment } from "micropie/testing";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { driver } from "../_drivers.ts";
import { onServer } from "../servers/on-server.ts";
import { onDamaged } from "./_damaged.ts";
import { newPatch, newRecord } from "./_records.ts";

interface Storage extends UnstorageLike {
  getItemRaw(key: string): Promise<unknown>;
  setItemRaw(key: string, value: unknown): Promise<void>;
  mount(base: string, driver: object): void;
  dispose(): Promise<void>;
}

const { createStorage, prefixStorage } = driver<{
  createStorage(options?: { driver?: object }): Storage;
  prefixStorage(storage: Storage, base: string): Storage;
}>("unstorage");
const unstorage = (name: string, options: object): object =>
  driver<(options: object) => object>(`unstorage/drivers/${name}`)(options);

function files(): { folder: string; storage: Storage; backend: UnstorageSessionBackend } {
  const folder = mkdtempSync(join(tmpdir(), "micropie-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const storage = createStorage({ driver: unstorage("fs", { base: folder }) });
  return { folder, storage, backend: new UnstorageSessionBackend(storage) };
}

test("sessions of an engine live in an unstorage", async () => {
  const { folder, backend } = files();
  const sessions = createSessions<{ visits: number }>({ backend });
  const ann = browser(sessions);
  await ann.request((session) => void Object.assign(session, { visits: 1 }));
  await ann.request((session) => expect(session.visits).toBe(1));
  const [name] = readdirSync(join(folder, "sessions"));
  expect(ann.cookie).toContain(name);
  expect(JSON.parse(readFileSync(join(folder, "sessions", name!), "utf8"))).toEqual({
    micropie: expect.stringContaining('"visits":1'),
    until: expect.any(Number),
  });
});

test("texts that look like something else, and keys that unstorage drops, come back as they were", async () => {
  const backend = new UnstorageSessionBackend(createStorage());
  const texts = [
    "123",
    "true",
    "null",
    "undefined",
    "NaN",
    '"quoted"',
    '{"a":1}',
    "[1]",
    " 1 ",
    "base64:YQ==",
    "",
  ];
  const data = JSON.parse(
    '{"__proto__":{"a":1},"constructor":{"prototype":{"b":1}},"deep":{"__proto__":{"c":1}},"0":"zero"}',
  );
  await backend.save("one", { ...data, texts }, 100);
  const loaded = await backend.load("one");
  expect(JSON.stringify(loaded)).toBe(JSON.stringify({ ...data, texts }));
  expect(Object.keys(loaded)).toContain("__proto__");
});

test("keys are below the base, which may be a path; another prefix is another place", async () => {
  const storage = createStorage();
  const backend = new UnstorageSessionBackend(prefixStorage(storage, "app"), { base: "web:sessions" });
  await backend.save("one", { a: 1 }, 100);
  expect(await storage.getKeys("app")).toEqual(["app:web:sessions:one"]);
  expect(await new UnstorageSessionBackend(storage).load("one")).toEqual({});
  expect(await backend.load("one")).toEqual({ a: 1 });
});

test("what is over is not answered, though the driver keeps it", async () => {
  const clock = virtualEnvironment();
  const storage = createStorage();
  const backend = new UnstorageSessionBackend(storage);
  backend.now = clock.now;
  await backend.save("one", { a: 1 }, 100);
  clock.advance(99);
  expect(await backend.load("one")).toEqual({ a: 1 });
  clock.advance(1);
  expect(await backend.load("one")).toEqual({});
  expect(await storage.getKeys("sessions")).toEqual(["sessions:one"]);
});

describe("pruning", () => {
  test("deletes what expired a minute ago, and nothing else", async () => {
    const clock = virtualEnvironment();
    const storage = createStorage();
    const backend = new UnstorageSessionBackend(storage);
    backend.now = clock.now;
    const told: unknown[] = [];
    backend.onExpired = (handle, userId) => told.push([handle, userId]);
    await storage.setItem("sessions:foreign", { a: 1 }, { ttl: 1 });
    await storage.setItem("elsewhere", { micropie: "{}", until: 1 }, { ttl: 1 });
    for (let n = 0; n < 45; n++)
      await backend.create(`s${n}`, newRecord({ userId: "ann", absoluteTimeout: 200 }));
    await backend.create("kept", newRecord({ idleTimeout: 300 }));
    clock.advance(160);
    expect(await backend.prune()).toBe(0);
    clock.advance(1);
    expect(await backend.prune()).toBe(45);
    expect(told).toHaveLength(45);
    expect(told).toContainEqual(["s7", "ann"]);
    const left = (await storage.getKeys("")).filter((key) => !key.startsWith("sessions:user_"));
    expect(left.sort()).toEqual(["elsewhere", "sessions:foreign", "sessions:kept"]);
    clock.advance(100);
    expect(await backend.prune()).toBe(0);
    expect((await storage.getKeys("")).sort()).toEqual(left);
  });

  test("spares what was written since it looked: the list of a user who just signed in again", async () => {
    const clock = virtualEnvironment();
    const storage = createStorage();
    const backend = new UnstorageSessionBackend(storage);
    backend.now = clock.now;
    await backend.create("old", newRecord({ userId: "ann", absoluteTimeout: 100 }));
    clock.advance(200);
    const looked = gate();
    const { getItem } = storage;
    let looks = 0;
    vi.spyOn(storage, "getItem").mockImplementation(async (key) => {
      const value = await getItem(key);
      if (key.includes("user_") && looks++ === 0) await looked.wait();
      return value;
    });
    const pruning = backend.prune();
    await looked.reached;
    await backend.create("new", newRecord({ userId: "ann" }));
    looked.open();
    expect(await pruning).toBe(1);
    expect(await backend.revokeUser("ann")).toEqual(["new"]);
  });
});

describe("the driver for files", () => {
  test("a file that is just being written is read again until it is whole", async () => {
    const { folder, storage, backend } = files();
    await backend.create("one", newRecord());
    const file = join(folder, "sessions", "one");
    const whole = readFileSync(file, "utf8");
    for (const part of ["", whole.slice(0, 20), whole.slice(0, -1)]) {
      writeFileSync(file, part);
      const { getItem } = storage;
      const spy = vi.spyOn(storage, "getItem").mockImplementationOnce(async (key) => {
        const read = await getItem(key);
        writeFileSync(file, whole);
        return read;
      });
      expect(await backend.read("one")).toBeDefined();
      expect(spy).toHaveBeenCalledTimes(2);
      spy.mockRestore();
    }
  });

  test("a file that stays damaged is no session, and does not bar its name", async () => {
    const { folder, backend } = files();
    await backend.create("one", newRecord());
    writeFileSync(join(folder, "sessions", "one"), '{"micropie":');
    expect(await backend.read("one")).toMatchObject({ secretHash: "", data: "" });
    expect(await backend.create("one", newRecord())).toBe(true);
  });

  test("while it is written here, however slowly, no read takes a session for missing", async () => {
    const { folder, storage, backend } = files();
    await backend.create("one", newRecord());
    const file = join(folder, "sessions", "one");
    const half = gate();
    const { setItem } = storage;
    vi.spyOn(storage, "setItem").mockImplementationOnce(async (...args) => {
      writeFileSync(file, "{");
      await half.wait();
      return setItem(...args);
    });
    const writing = backend.patch("one", newPatch({ n: 1 }));
    await half.reached;
    const reading = backend.read("one");
    // Longer than it would wait for another process.
    await new Promise((resolve) => setTimeout(resolve, 500));
    half.open();
    expect((await reading)?.version).toBe(2);
    await writing;
  });

  test("while it is written again and again, no read takes a session for missing", async () => {
    const { backend } = files();
    await backend.create("one", newRecord());
    const filler = "x".repeat(60_000);
    let writing = true;
    const writes = (async () => {
      for (let n = 0; n < 200; n++)
        await backend.patch("one", newPatch({ n, filler }, { baseVersion: n + 1 }));
      writing = false;
    })();
    let missing = 0;
    while (writing) if ((await backend.read("one")) === undefined) missing += 1;
    await writes;
    expect(missing).toBe(0);
  });

  test("an error that the driver answers instead of throwing it is an error", async () => {
    const { folder, backend } = files();
    await backend.create("one", newRecord());
    const file = join(folder, "sessions", "one");
    rmSync(file);
    // A link to itself: not even root can read it.
    symlinkSync("one", file);
    await expect(backend.read("one")).rejects.toMatchObject({ code: "ELOOP" });
  });

  test("a session has ended even if its file cannot be removed", async () => {
    const { folder, storage, backend } = files();
    await backend.create("one", newRecord());
    const removeItem = vi.spyOn(storage, "removeItem").mockRejectedValue(new Error("busy"));
    expect(await backend.delete("one")).toBe(true);
    expect(removeItem).toHaveBeenCalledOnce();
    removeItem.mockRestore();
    expect(existsSync(join(folder, "sessions", "one"))).toBe(true);
    expect(await new UnstorageSessionBackend(storage).read("one")).toBeUndefined();
    expect(await backend.prune()).toBe(0);
    expect(existsSync(join(folder, "sessions", "one"))).toBe(false);
  });

  test("a session that cannot be ended is an error", async () => {
    const { storage, backend } = files();
    await backend.create("one", newRecord());
    vi.spyOn(storage, "setItem").mockRejectedValue(new Error("read-only file system"));
    await expect(backend.delete("one")).rejects.toThrow("read-only");
  });
});

test("what is not a storage, or only reads, is refused at the start", () => {
  const refused = (make: () => unknown, option: string) =>
    expect(make).toThrow(expect.objectContaining({ constructor: ConfigError, option }));
  refused(() => new UnstorageSessionBackend({} as never), "backend");
  refused(() => new UnstorageSessionBackend(undefined as never), "backend");
  const readOnly = createStorage({ driver: unstorage("fs", { base: tmpdir(), readOnly: true }) });
  refused(() => new UnstorageSessionBackend(readOnly), "backend");
  const github = createStorage({ driver: unstorage("github", { repo: "a/b" }) });
  refused(() => new UnstorageSessionBackend(github), "backend");
  github.mount("sessions", unstorage("memory", {}));
  expect(() => new UnstorageSessionBackend(github)).not.toThrow();
  for (const base of ["", ":", "a:", "a b", "a/b", 1]) {
    refused(() => new UnstorageSessionBackend(createStorage(), { base: base as string }), "base");
  }
});

await onServer("redis", ({ url }) => {
  test("a driver that knows a time to live is told it", async () => {
    const base = `unstorage-${Math.floor(performance.now() * 1000)}`;
    const storage = createStorage({ driver: unstorage("redis", { url, base }) });
    onTestFinished(() => storage.dispose());
    const backend = new UnstorageSessionBackend(storage);
    await backend.create("one", newRecord({ idleTimeout: 100, absoluteTimeout: 500 }));
    const [{ driver: redis }] = storage.getMounts!("") as unknown as [
      { driver: { getInstance(): { ttl(key: string): Promise<number> } } },
    ];
    // To within a minute, because a busy machine takes its time.
    const left = async () => Math.ceil((await redis.getInstance().ttl(`${base}:sessions:one`)) / 60);
    expect(await left()).toBe(2);
    await backend.touch("one", 300);
    expect(await left()).toBe(5);
    await backend.delete("one");
    expect(await storage.getKeys("")).toEqual([]);
  });
});

onDamaged("unstorage", ["a cut envelope", "a cut record"], () => {
  const storage = createStorage();
  const damage = {
    "a cut envelope": (id: string) => storage.setItemRaw(`sessions:${id}`, '{"micropie":"tell-nobody'),
    "a cut record": async (id: string) => {
      const value = (await storage.getItem(`sessions:${id}`)) as { micropie: string };
      await storage.setItem(
        `sessions:${id}`,
        { ...value, micropie: value.micropie.slice(0, -9) },
        { ttl: 60 },
      );
    },
  };
  return { backend: new UnstorageSessionBackend(storage), damage };
});
