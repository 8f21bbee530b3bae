import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { createSessions, InMemorySessionBackend, login, update } from "micropie";
import type { SessionData } from "micropie/backends/backend";
import { EncryptedSessionBackend } from "micropie/backends/encrypted";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { ConfigError } from "micropie/errors";
import { withClock } from "micropie/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { userBackend } from "../testing/stores.ts";
import { dataIn, recordIn, refusalOf, SealedStore } from "./_encrypted.ts";
import { newPatch, newRecord } from "./_records.ts";

const COUNTED = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const k1 = randomBytes(32);
const k2 = randomBytes(32);
let store: SealedStore;
let backend: EncryptedSessionBackend;

beforeEach(() => {
  store = new SealedStore();
  backend = store.process({ k1 });
});

describe("what is stored", () => {
  test("is opened and sealed by hand as the documented form says", () => {
    const handle = "AbCdEfGhIjKlMnOp";
    const key = Buffer.from(COUNTED, "hex");
    const info = JSON.stringify(["micropie/sealed/1", handle]);
    const derived = Buffer.from(hkdfSync("sha256", key, "", info, 32));
    const associated = (name: string): Buffer =>
      Buffer.from(JSON.stringify(["micropie/sealed/1", "record", "k1", handle, name]));
    const on = store.process({ k1: key });
    on.create(handle, newRecord({ data: '{"naïve \\"key\\"":["é",{"b":null}],"visits":1}' }));

    const sealed = store.sealed(handle);
    expect(Object.keys(sealed)).toEqual(['naïve "key"', "visits"]);
    const [tag, name, encoded] = sealed['naïve "key"']!.split(".");
    expect([tag, name]).toEqual(["sealed1", "k1"]);
    const body = Buffer.from(encoded!, "base64url");
    const decipher = createDecipheriv("aes-256-gcm", derived, body.subarray(0, 12), { authTagLength: 16 });
    decipher.setAAD(associated('naïve "key"')).setAuthTag(body.subarray(-16));
    const plain = Buffer.concat([decipher.update(body.subarray(12, -16)), decipher.final()]);
    expect(plain.toString()).toBe('["é",{"b":null}]');

    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", derived, iv).setAAD(associated("visits"));
    const parts = [iv, cipher.update("42"), cipher.final(), cipher.getAuthTag()];
    store.plant({ visits: `sealed1.k1.${Buffer.concat(parts).toString("base64url")}` }, handle);
    expect(dataIn(on, handle)).toEqual({ visits: 42 });
  });

  test("opens in every later release: a value made by another program", () => {
    const handle = "AbCdEfGhIjKlMnOp";
    const data = '{"visits":"sealed1.k1.ICEiIyQlJicoKSork-x-03ngvNZQ0kCIXC-Nhop3"}';
    store.inner.create(handle, newRecord({ data }));
    const forms = [COUNTED, COUNTED.toUpperCase(), Buffer.from(COUNTED, "hex").toString("base64url")];
    for (const key of [...forms, Buffer.from(COUNTED, "hex"), new Uint8Array(Buffer.from(COUNTED, "hex"))])
      expect(dataIn(new EncryptedSessionBackend(store.inner, { keys: { k1: key } }), handle)).toEqual({
        visits: 42,
      });
  });

  test("has no value in it, in no form, anywhere in the file or beside it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "micropie-"));
    const on = new EncryptedSessionBackend(new SqliteSessionBackend(join(folder, "db")), { keys: { k1 } });
    const sessions = createSessions({ backend: on });
    const session = await sessions.load(null);
    const secret = "attack at dawn";
    Object.assign(session, { text: secret, deep: { list: [secret] }, at: new Date(0), micropie: secret });
    Object.defineProperty(session, "__proto__", { value: secret, enumerable: true, configurable: true });
    login(session, "ann");
    const cookie = (await sessions.commit(session))!.split(";")[0]!;
    await update(await sessions.load(cookie), "text", (text) => `${text}!`);
    const handle = cookie.slice("session_id=".length).slice(0, 16);
    const moved = (await on.load(handle)) as SessionData;
    expect(JSON.stringify(moved).split(secret)).toHaveLength(5);
    await on.save("moved", moved, 100);
    await on.save("plain", { text: secret, micropie: { rest: secret } }, 100);
    const dump = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
    expect(dump.join()).toMatch(/"text":"sealed1\.k1\./);
    for (const text of ["attack", "dawn", "1970-01", Buffer.from(secret).toString("base64url").slice(0, 12)])
      expect(dump.join()).not.toContain(text);
    await sessions.close();
    rmSync(folder, { recursive: true });
  });

  test("is a dictionary of sealed values beside the bookkeeping, in a back-end with two methods", async () => {
    const dictionaries = new Map<string, SessionData>();
    const two = userBackend(() => 0);
    const inner = {
      load: two.load,
      async save(id: string, data: SessionData, timeout: number) {
        dictionaries.set(id, data);
        await two.save(id, data, timeout);
      },
    };
    const on = new EncryptedSessionBackend(inner, { keys: { k1 } });
    const data = '{"visits":1,"micropie":"mine","__proto__":{"a":1}}';
    await on.create("a", newRecord({ data, userId: "ann" }));
    expect(dictionaries.get("a")).toEqual({
      visits: expect.stringMatching(/^sealed1\.k1\./),
      micropie: expect.objectContaining({
        userId: "ann",
        rest: expect.stringMatching(/^{"micropie":"sealed1\.k1\.[\w-]+","__proto__":"sealed1\.k1\.[\w-]+"}$/),
      }),
    });
    expect(JSON.parse((await on.read("a"))!.data)).toEqual(JSON.parse(data));
  });
});

describe("writing", () => {
  const four = '{"a":1,"b":"two","c":[3],"d":{"e":4}}';

  test("seals what changed, with a fresh iv, and leaves the rest as it stands", () => {
    backend.create("a", newRecord({ data: four }));
    const before = store.sealed();
    backend.patch("a", newPatch({}, { data: four.replace("two", "six") }));
    const after = store.sealed();
    for (const key of ["a", "c", "d"]) expect(after[key]).toBe(before[key]);
    expect(after.b).not.toBe(before.b);
    expect(dataIn(store.process({ k1 }))).toMatchObject({ b: "six" });
    backend.patch("a", newPatch({}, { data: four, baseVersion: 2 }));
    expect(store.sealed().b).not.toBe(before.b);
    expect(recordIn(store.process({ k1 })).data).toBe(four);
  });

  test("merges only the keys that changed, and asks for the changes once", () => {
    backend.create("a", newRecord({ data: four }));
    const other = store.process({ k1 });
    other.patch("a", newPatch({ a: 10 }, { data: four.replace("1", "10") }));
    const between = store.sealed();
    let asked = 0;
    const changes = () => {
      asked += 1;
      return { set: new Map([["b", '"2"']]), unset: ["c"] };
    };
    const merged = newPatch({}, { data: four.replace("two", "2"), changes });
    const seen: unknown[] = [];
    const patch = store.inner.patch.bind(store.inner);
    store.inner.patch = (handle, sealed) => {
      seen.push(sealed.changes(), sealed.changes(), JSON.parse(`{"b":${sealed.changes().set.get("b")}}`));
      expect(JSON.parse(sealed.data)).toMatchObject(seen[2] as object);
      return patch(handle, sealed);
    };
    expect(backend.patch("a", merged)).toBe("merged");
    expect(asked).toBe(1);
    expect(seen[0]).toBe(seen[1]);
    expect(store.sealed()).toMatchObject({ a: between.a, d: between.d });
    expect(dataIn(store.process({ k1 }))).toEqual({ a: 10, b: "2", d: { e: 4 } });
  });

  test("remembers no more than cacheBytes, and works alike with nothing remembered", () => {
    for (const [cacheBytes, most] of [
      [0, 0],
      [6000, 4],
    ] as const) {
      const on = store.process({ k1 }, { cacheBytes });
      for (let n = 0; n < 20; n++) on.create(`${cacheBytes}-${n}`, newRecord({ data: `{"n":${n}}` }));
      let remembered = 0;
      for (let n = 19; n >= 0; n--) {
        const handle = `${cacheBytes}-${n}`;
        const before = store.sealed(handle).n;
        expect(on.patch(handle, newPatch({}, { data: `{"n":${n}}` }))).toBe("ok");
        // What is not remembered gets a fresh iv.
        if (store.sealed(handle).n === before) remembered += 1;
        expect(dataIn(on, handle)).toEqual({ n });
        expect(on.patch(handle, newPatch({}, { data: `{"n":${n},"m":1}`, baseVersion: 2 }))).toBe("ok");
        expect(dataIn(on, handle)).toEqual({ n, m: 1 });
      }
      expect(remembered).toBeLessThanOrEqual(most);
      expect(remembered > 0).toBe(most > 0);
    }
  });

  test("any data comes back as it was, through any number of writes", () => {
    const dictionary = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue(), { maxKeys: 6 });
    const steps = fc.array(fc.tuple(dictionary, fc.nat(3)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(steps, (all) => {
        const two = new InMemorySessionBackend();
        const processes = [{}, { cacheBytes: 0 }, { keys: { k2, k1 } }, {}].map(
          (more) => new EncryptedSessionBackend(two, { keys: { k1, k2 }, ...more }),
        );
        processes[0]!.create("a", newRecord({ data: "{}" }));
        for (const [index, [data, by]] of all.entries()) {
          const text = JSON.stringify(data);
          expect(processes[by]!.patch("a", newPatch({}, { data: text, baseVersion: index + 1 }))).toBe("ok");
          for (const each of processes) expect(recordIn(each).data).toBe(text);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe("keys", () => {
  test("rotate: the first seals, all open, and a write of the session seals it whole under the first", () => {
    backend.create("a", newRecord({ data: '{"a":1,"b":2}' }));
    backend.create("idle", newRecord({ data: '{"a":1}' }));
    const next = store.process({ k2, k1 });
    expect(dataIn(next)).toEqual({ a: 1, b: 2 });
    expect(next.patch("a", newPatch({}, { data: '{"a":1,"b":3}' }))).toBe("ok");
    for (const sealed of Object.values(store.sealed())) expect(sealed).toMatch(/^sealed1\.k2\./);
    const last = store.process({ k2 });
    expect(dataIn(last)).toEqual({ a: 1, b: 3 });
    const error = refusalOf(() => last.read("idle"));
    expect(error.message).toContain('under the key "k1", which is not one of the keys');
    expect(dataIn(next, "idle")).toEqual({ a: 1 });
    expect(last.delete("idle")).toBe(true);
  });

  test("rotate while others write: a merged write leaves what it did not change under its old key", () => {
    backend.create("a", newRecord({ data: '{"a":1,"b":2,"c":3}' }));
    const next = store.process({ k2, k1 });
    expect(dataIn(next)).toEqual({ a: 1, b: 2, c: 3 });
    backend.patch("a", newPatch({}, { data: '{"a":10,"b":2,"c":3}' }));
    const text = new Map([["b", "20"]]);
    const patch = newPatch({}, { data: '{"a":1,"b":20,"c":3}', changes: () => ({ set: text, unset: [] }) });
    expect(next.patch("a", patch)).toBe("merged");
    const names = Object.values(store.sealed()).map((sealed) => sealed.split(".")[1]);
    expect(names).toEqual(["k1", "k2", "k1"]);
    expect(dataIn(next)).toEqual({ a: 10, b: 20, c: 3 });
  });

  test("encrypt if they are the first", () => {
    for (const [keys, expected] of [
      [{ k1, k2 }, "k1"],
      [{ k2, k1 }, "k2"],
    ] as const) {
      const on = new EncryptedSessionBackend(store.inner, { keys });
      on.save("x", { a: 1 }, 100);
      expect((store.inner.load("x") as { a: string }).a.split(".")[1]).toBe(expected);
    }
  });

  test("are copied: what becomes of the caller's bytes does not matter", () => {
    const bytes = Uint8Array.from(k1);
    const on = store.process({ k1: bytes });
    bytes.fill(0);
    on.create("a", newRecord());
    expect(dataIn(backend)).toEqual({ visits: 1 });
  });

  const wrong: Record<string, [unknown]> = {
    none: [undefined],
    "an empty object": [{}],
    "an empty list": [[]],
    "bytes without a name": [k1],
    "text without a name": [COUNTED],
    "no key": [{ k1: undefined }],
    "31 bytes": [{ k1: k1.subarray(1) }],
    "33 bytes": [{ k1: Buffer.concat([k1, k1.subarray(31)]) }],
    "an ArrayBuffer": [{ k1: new ArrayBuffer(32) }],
    "a short text": [{ k1: COUNTED.slice(1) }],
    "a passphrase": [{ k1: "correct horse battery staple and so on, 43!" }],
    "base64 of other bytes": [{ k1: `${k1.toString("base64url").slice(0, -1)}_` }],
    zeros: [{ k1: Buffer.alloc(32) }],
    "zeros as text": [{ k1: "0".repeat(64) }],
    "a name that is a number": [{ 2025: k1 }],
    "a name with a dot": [{ "k.1": k1 }],
    "an empty name": [{ "": k1 }],
    "a long name": [{ [`k${"1".repeat(32)}`]: k1 }],
    "a list of bytes": [[k1]],
  };

  test.each(Object.entries(wrong))("%s: refused at the start, without a word of the key", (_, [keys]) => {
    const options = { keys } as never;
    let error: unknown;
    try {
      new EncryptedSessionBackend(store.inner, options);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).option).toBe("keys");
    for (const secret of [COUNTED.slice(1, 20), k1.toString("base64url").slice(0, 20), "horse"])
      expect((error as Error).message).not.toContain(secret);
  });

  test("and the other options are checked too", () => {
    const make = (inner: unknown, options: unknown) => () =>
      new EncryptedSessionBackend(inner as never, options as never);
    expect(make({}, { keys: { k1 } })).toThrow(/^backend: /);
    expect(make(undefined, { keys: { k1 } })).toThrow(/^backend: /);
    expect(make(store.inner, undefined)).toThrow(/^keys: /);
    expect(make(store.inner, { keys: { k1 }, cacheBytes: -1 })).toThrow(/^cacheBytes: /);
    expect(make(store.inner, { keys: { k1 }, acceptPlaintext: 1 })).toThrow(/^acceptPlaintext: /);
  });
});

test("answers at once if the store does, and passes everything else through", () => {
  let time = 1000;
  const inner = withClock(new InMemorySessionBackend(), () => time);
  const on = new EncryptedSessionBackend(inner, { keys: { k1 } });
  const expired: unknown[] = [];
  on.onExpired = (handle, userId) => expired.push([handle, userId]);
  expect(on.onExpired).toBe(inner.onExpired);
  expect(on.now()).toBe(1000);
  expect(on.create("a", newRecord({ userId: "ann" }))).toBe(true);
  expect(on.create("a", newRecord())).toBe(false);
  expect(on.lock("a", 5)).toBe(1);
  expect(on.lock("a", 5)).toBe("busy");
  expect(on.relock("a", 1, 0)).toBe(true);
  expect(on.touch("a", 50)).toBe(true);
  expect(on.patch("a", newPatch({ x: 1 }))).toBe("ok");
  expect(on.read("a")).toEqual({ ...recordIn(inner), data: '{"visits":1,"x":1}' });
  expect(on.listByUser("ann")).toEqual([{ handle: "a", record: on.read("a") }]);
  expect(on.load("a")).toMatchObject({ visits: 1, x: 1, micropie: { userId: "ann" } });
  expect(on.save("b", { y: [1] }, 10)).toBeUndefined();
  expect(on.load("b")).toEqual({ y: [1] });
  expect(on.load("gone")).toEqual({});
  expect(on.read("gone")).toBeUndefined();
  expect(on.revokeUser("ann", "a")).toEqual([]);
  expect(on.revokeUser("ann")).toEqual(["a"]);
  on.create("c", newRecord());
  expect(on.delete("c", 9)).toBe(false);
  expect(on.delete("c")).toBe(true);
  on.create("d", newRecord());
  time += 100;
  expect(on.prune()).toBe(2);
  expect(expired).toContainEqual(["d", null]);
  on.close();
});

test("sealed in sealed is opened in the same order", () => {
  const twice = new EncryptedSessionBackend(backend, { keys: { outer: k2 } });
  twice.create("a", newRecord());
  expect(dataIn(backend)).toEqual({ visits: expect.stringMatching(/^sealed1\.outer\./) });
  expect(dataIn(new EncryptedSessionBackend(store.process({ k1 }), { keys: { outer: k2 } }))).toEqual({
    visits: 1,
  });
});
