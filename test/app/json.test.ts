import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Breath } from "../../src/app/breath.ts";
import { parseJson } from "../../src/app/json.ts";
import { parseForm } from "../../src/app/urlencoded.ts";

/** As a text that is too long for `JSON.parse`. */
const parse = (text: string): Promise<unknown> => parseJson(text, new Breath(), 50_000, -1);

describe("a long JSON body", () => {
  test("is what JSON.parse makes of it, for any value", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ noUnicodeString: false }), fc.nat(3), async (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(JSON.stringify(await parse(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  test("is refused where JSON.parse refuses it, for any text", async () => {
    const pieces = [
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      '"',
      "\\",
      '"a"',
      "1",
      "-",
      "0",
      ".5",
      "e3",
      "true",
      "nul",
      " ",
      "\n",
      "\u0001",
      "\ufeff",
      '"\\u00e9"',
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), async (parts) => {
        const text = parts.join("");
        const wanted = await attempt(() => JSON.parse(text));
        expect([text, await attempt(() => parse(text))]).toEqual([text, wanted]);
      }),
      { numRuns: 2000 },
    );
  });

  test("has __proto__ as a key, the last of equal keys, and 32,768 levels", async () => {
    const made = (await parse('{"__proto__":{"a":1},"b":1,"b":2}')) as Record<string, unknown>;
    expect([Object.keys(made), Object.getPrototypeOf(made), made.b]).toEqual([
      ["__proto__", "b"],
      Object.prototype,
      2,
    ]);
    const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels);
    let deep = await parse(nested(32_768));
    let depth = 0;
    for (; Array.isArray(deep); deep = deep[0]) depth++;
    expect(depth).toBe(32_768);
    await expect(parse(nested(40_000))).rejects.toThrow(SyntaxError);
  });
});

test("an urlencoded form is what URLSearchParams makes of it, for any bytes", () => {
  const pieces = [
    "a",
    "b=",
    "&",
    "=",
    "+",
    "%",
    "%4",
    "%41",
    "%c3%a9",
    "%ff",
    "%zz",
    "%EF%BB%BF",
    "__proto__",
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 20 }), (parts) => {
      const text = parts.join("");
      const fields = parseForm(new TextEncoder().encode(text), 1000);
      const wanted = new URLSearchParams(text);
      expect([...fields.keys()]).toEqual([...new Set(wanted.keys())]);
      for (const [name, values] of fields) expect(values).toEqual(wanted.getAll(name));
    }),
    { numRuns: 2000 },
  );
  // Node's own URLSearchParams makes \ufffd of this.
  expect([...parseForm(new TextEncoder().encode("%\u00e9=\ufeff"), 1)]).toEqual([["%\u00e9", ["\ufeff"]]]);
});

async function attempt(run: () => unknown): Promise<unknown> {
  try {
    return { value: await run() };
  } catch (error) {
    return (error as Error).name;
  }
}
