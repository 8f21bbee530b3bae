import type { AnswerHeaders } from "../visit/answer.ts";
import { HeaderError } from "./http-error.ts";

/** Header names (in lower case) and values, in order; a name may come several times. */
export type HeaderPairs = readonly [name: string, value: string][];

/** What an application may give as headers. Several values (of `set-cookie`, say) are an array. */
export type HeadersGiven =
  | Readonly<Record<string, string | number | readonly string[]>>
  | Iterable<readonly [string, string]>;

/** The headers of an event stream: caches keep nothing of it, and nginx passes each event on at once. */
export const EVENT_STREAM: HeadersGiven = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};

const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
// What RFC 9110 5.5 allows in a field value; node:http refuses the same.
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** The headers as pairs. Throws HeaderError if one could not be sent as it is. */
export function toPairs(given: HeadersGiven | undefined): [string, string][] {
  const pairs: [string, string][] = [];
  if (given === undefined) return pairs;
  const entries: Iterable<readonly [string, unknown]> =
    Symbol.iterator in given ? (given as Iterable<readonly [string, string]>) : Object.entries(given);
  for (const [name, value] of entries) {
    for (const one of Array.isArray(value) ? value : [value])
      pairs.push([checkName(name), checkValue(name, one)]);
  }
  return pairs;
}

function checkName(name: string): string {
  if (!NAME.test(name)) throw new HeaderError(name, `${JSON.stringify(name)} is not a header name.`);
  return name.toLowerCase();
}

function checkValue(name: string, value: unknown): string {
  const text = String(value);
  if (VALUE.test(text)) return text;
  throw new HeaderError(
    name,
    `The header ${name} has a line break or another character that headers cannot carry. Encode the value, or leave it out.`,
  );
}

/** All values of one header joined as one, or undefined. */
export function headerValue(pairs: HeaderPairs, name: string): string | undefined {
  let found: string | undefined;
  for (const [other, value] of pairs) {
    if (other === name) found = found === undefined ? value : `${found}, ${value}`;
  }
  return found;
}

/** The pairs with one header set to one value. */
export function withHeader(pairs: HeaderPairs, name: string, value: string): [string, string][] {
  const kept: [string, string][] = [];
  for (const [other, old] of pairs) if (other !== name) kept.push([other, old]);
  kept.push([name, value]);
  return kept;
}

/** The headers of an answer that is no Response, to add some. */
export class PairHeaders implements AnswerHeaders {
  pairs: HeaderPairs;

  constructor(pairs: HeaderPairs) {
    this.pairs = pairs;
  }

  get(name: string): string | null {
    return headerValue(this.pairs, name.toLowerCase()) ?? null;
  }

  set(name: string, value: string): void {
    this.pairs = withHeader(this.pairs, name.toLowerCase(), value);
  }

  append(name: string, value: string): void {
    this.pairs = [...this.pairs, [name.toLowerCase(), value]];
  }

  delete(name: string): void {
    this.pairs = this.pairs.filter(([other]) => other !== name.toLowerCase());
  }

  getSetCookie(): string[] {
    return this.pairs.filter(([name]) => name === "set-cookie").map(([, value]) => value);
  }
}
