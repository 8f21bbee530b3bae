import type { Breath } from "./breath.ts";
import { HttpError } from "./http-error.ts";

/** Characters that `JSON.parse` reads in a few milliseconds, whatever they are. */
const SHORT = 65_536;
/** Values after which the clock is looked at. */
const ROUND = 256;
/** How deep a text of `SHORT` characters can be nested. */
const DEPTH = SHORT / 2;

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /true|false|null/y;

/** A container that is not whole yet. */
interface Open {
  /** Undefined for an array, whose values are those from `start` on. */
  readonly object: Record<string, unknown> | undefined;
  readonly start: number;
  /** The member that comes next. */
  key: string;
  members: number;
}

/**
 * Returns what `JSON.parse` returns, and lets other requests have their turns meanwhile: a megabyte of brackets or of distinct
 * keys takes `JSON.parse` more than 100 milliseconds. `JSON.parse` reads up to `short` characters. Throws SyntaxError, also
 * for more than 32,768 levels, and HttpError 413 for an object with more than `most` members, whose table holds the loop.
 */
export async function parseJson(
  text: string,
  breath: Breath,
  most: number,
  short: number = SHORT,
): Promise<unknown> {
  if (text.length <= short) return JSON.parse(text);
  const around: Open[] = [];
  // The values of all open arrays, so that each array is made once, in its size.
  const values: unknown[] = [];
  let open: Open | undefined;
  let at = 0;

  const fail = (): never => {
    throw new SyntaxError(`Unexpected token at position ${at}.`);
  };
  function match(pattern: RegExp): string {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? fail();
    at += found.length;
    return found;
  }
  function next(): string | undefined {
    match(SPACE);
    return text[at];
  }
  function readText(): string {
    const start = at;
    let isOver = false;
    while (!isOver) {
      const quote = text.indexOf('"', at + 1);
      if (quote === -1) return fail();
      let before = quote;
      while (text[before - 1] === "\\") before--;
      isOver = (quote - before) % 2 === 0;
      at = quote;
    }
    at++;
    return JSON.parse(text.slice(start, at)) as string;
  }
  function readKey(into: Open): void {
    if (++into.members > most) throw new HttpError(413, "An object of the JSON body has too many members");
    if (next() !== '"') fail();
    into.key = readText();
    if (next() !== ":") fail();
    at++;
  }
  function put({ object, key }: Open, value: unknown): void {
    if (object === undefined) values.push(value);
    else if (key !== "__proto__") object[key] = value;
    else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
  function enter(object: Record<string, unknown> | undefined): void {
    at++;
    if (open !== undefined && around.push(open) > DEPTH) fail();
    open = { object, start: values.length, key: "", members: 0 };
  }
  function leave({ object, start }: Open): unknown {
    at++;
    open = around.pop();
    if (object !== undefined) return object;
    const array = values.slice(start);
    values.length = start;
    return array;
  }

  for (let round = 1; ; round++) {
    if (round % ROUND === 0) await breath.take();
    const first = next();
    let value: unknown;
    if (first === "[") {
      enter(undefined);
      if (next() !== "]") continue;
      value = leave(open!);
    } else if (first === "{") {
      enter({});
      if (next() !== "}") {
        readKey(open!);
        continue;
      }
      value = leave(open!);
    } else if (first === '"') value = readText();
    else if (first === "t" || first === "f" || first === "n") value = JSON.parse(match(WORD));
    else value = Number(match(NUMBER));

    for (let after = 1; open !== undefined; after++) {
      if (after % ROUND === 0) await breath.take();
      put(open, value);
      const separator = next();
      if (separator === ",") {
        at++;
        if (open.object !== undefined) readKey(open);
        break;
      }
      if (separator !== (open.object === undefined ? "]" : "}")) fail();
      value = leave(open);
    }
    if (open === undefined) return next() === undefined ? value : fail();
  }
}
