import { expect, test } from "vitest";
import { trace } from "./_trace.ts";

interface Instrument {
  instrument(text: string, call: string, add: (each: { name: string; line: number }) => number): string;
}

test("a request on Hono and memory passes at most 28 files and 88 functions, with 74 changes of file", () => {
  const { files, functions, changes } = trace("hono");
  expect.soft(files, "files").toBeLessThanOrEqual(28);
  expect.soft(functions, "functions").toBeLessThanOrEqual(88);
  expect.soft(changes, "changes of file").toBeLessThanOrEqual(74);
});

test("a trace has an entry for each kind of function, in the order of the calls", async () => {
  const { instrument } = (await import(
    new URL("../scripts/trace/instrument.js", import.meta.url).href
  )) as Instrument;
  const module = `
    class Base { constructor() {} }
    class Kinds extends Base {
      #field = () => 1;
      static made() { return new Kinds(); }
      constructor() { super(); this.#own(); }
      #own() { return this.#field(); }
      get value() { return 1; }
      set value(value) {}
      *each() { yield 1; }
    }
    const arrow = (value = (() => 1)()) => ({ value });
    const nested = () => () => arrow().value;
    const object = { method() {}, async later() { return await nested()(); } };
    const kinds = Kinds.made();
    kinds.value = kinds.value;
    [...kinds.each()];
    object.method();
    object.later();
    (function named() {})();`;
  const names: string[] = [];
  const entries: string[] = [];
  const text = instrument(module, "entered", ({ name }) => names.push(name) - 1);
  new Function("entered", text)((number: number) => entries.push(names[number]!));
  expect(entries).toEqual([
    "Kinds.made",
    "Kinds.constructor",
    "Base.constructor",
    "Kinds.#own",
    "Kinds.#field",
    "get Kinds.value",
    "set Kinds.value",
    "Kinds.each",
    "method",
    "later",
    "nested",
    "nested => line 13",
    "arrow => line 12",
    "arrow",
    "named",
  ]);
});
