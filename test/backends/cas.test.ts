import { DataError } from "micropie";
import { CasSessionBackend, type Found } from "micropie/backends/cas";
import { withClock } from "micropie/testing";
import { expect, test } from "vitest";
import { newPatch, newRecord } from "./_records.ts";

/** What several processes share. */
type Texts = Map<string, { readonly text: string; readonly mark: number }>;

let marks = 0;

/** A process on a Map, which notes its calls. */
class MapBackend extends CasSessionBackend<number> {
  readonly calls: string[] = [];
  readonly #texts: Texts;

  constructor(texts: Texts) {
    super();
    this.#texts = texts;
  }

  get(key: string): Found<number> | undefined {
    this.calls.push("get");
    return this.#texts.get(key);
  }
  add(key: string, text: string): boolean {
    this.calls.push("add");
    return !this.#texts.has(key) && this.#put(key, text);
  }
  replace(key: string, text: string, _seconds: number, mark: number): boolean {
    this.calls.push("replace");
    return this.#texts.get(key)?.mark === mark && this.#put(key, text);
  }
  async set(key: string, text: string): Promise<void> {
    this.#put(key, text);
  }
  async remove(key: string, mark: number): Promise<boolean> {
    return this.#texts.get(key)?.mark === mark && this.#texts.delete(key);
  }
  async take(key: string): Promise<string | undefined> {
    const text = this.#texts.get(key)?.text;
    this.#texts.delete(key);
    return text;
  }

  #put(key: string, text: string): true {
    this.#texts.set(key, { text, mark: ++marks });
    return true;
  }
}

test("a read and the change that follows it are one call each", async () => {
  const backend = new MapBackend(new Map());
  await backend.create("a", newRecord());
  await backend.read("a");
  expect(await backend.patch("a", newPatch({ x: 1 }))).toBe("ok");
  expect(backend.calls).toEqual(["add", "get", "replace"]);
});

test("a change to what another process has changed meanwhile is made to that, and none is lost", async () => {
  const texts: Texts = new Map();
  const [one, two] = [new MapBackend(texts), new MapBackend(texts)];
  await one.create("a", newRecord());
  await one.read("a");
  await two.patch("a", newPatch({ theirs: 1 }));
  one.calls.length = 0;
  expect(await one.patch("a", newPatch({ ours: 1 }))).toBe("merged");
  expect(one.calls).toEqual(["replace", "get", "replace"]);
  expect(JSON.parse((await two.read("a"))!.data)).toEqual({ visits: 1, theirs: 1, ours: 1 });
});

test("what was remembered refuses nothing: a lock that another process has freed is looked up", async () => {
  const texts: Texts = new Map();
  const [one, two] = [new MapBackend(texts), new MapBackend(texts)];
  await one.create("a", newRecord());
  expect(await two.lock("a", 10)).toBe(1);
  await one.read("a");
  expect(await two.relock("a", 1, 0)).toBe(true);
  expect(await one.lock("a", 10)).toBe(2);
});

test("a session that ended in another process is not brought back by what was remembered", async () => {
  const texts: Texts = new Map();
  const [one, two] = [new MapBackend(texts), new MapBackend(texts)];
  await one.create("a", newRecord());
  await one.read("a");
  expect(await two.delete("a")).toBe(true);
  expect(await one.touch("a", 500)).toBe(false);
  expect(await one.patch("a", newPatch({ x: 1 }))).toBe("ended");
  expect(texts.size).toBe(0);
});

test("a text that the store has not deleted after its deadline gives its key to a new session", async () => {
  let time = 1000;
  const backend = withClock(new MapBackend(new Map()), () => time);
  await backend.create("a", newRecord({ userId: "ann" }));
  time += 100;
  expect(await backend.read("a")).toBeUndefined();
  expect(await backend.delete("a")).toBe(false);
  await backend.create("a", newRecord());
  time += 100;
  expect(await backend.create("a", newRecord({ secretHash: "hash-2" }))).toBe(true);
  expect(await backend.read("a")).toMatchObject({ secretHash: "hash-2", version: 1 });
});

test("more than maxBytes is refused by its largest key, and what was stored stays", async () => {
  class SmallBackend extends MapBackend {
    override readonly maxBytes = 1000;
  }
  const backend = new SmallBackend(new Map());
  await backend.create("a", newRecord());
  const large = backend.patch("a", newPatch({ little: 1, text: "é".repeat(400) }));
  await expect(large).rejects.toThrow(DataError);
  await expect(large).rejects.toMatchObject({ code: "too_large", key: "text" });
  expect(await backend.read("a")).toMatchObject({ version: 1 });
});

test("a text of somebody else's under a handle opens nothing, and stays", async () => {
  const texts: Texts = new Map([["a", { text: '{"theirs":1}', mark: 0 }]]);
  const backend = new MapBackend(texts);
  expect(await backend.read("a")).toMatchObject({ secretHash: "", data: "" });
  expect(await backend.create("a", newRecord())).toBe(false);
  expect(await backend.patch("a", newPatch({ x: 1 }))).toBe("ended");
  expect(await backend.lock("a", 1)).toBe("ended");
  expect(texts.get("a")?.text).toBe('{"theirs":1}');
});
