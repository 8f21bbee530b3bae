import { Buffer } from "node:buffer";
import { stringify, unflatten } from "devalue";
import type { DataChanges, SessionData } from "../backends/backend.ts";
import { DataError } from "../errors.ts";
import { objectIn } from "../record/data.ts";
import { Damaged } from "./damage.ts";

/**
 * Session data as the text of one JSON object. Plain JSON values are written as they are; a value that JSON would
 * bend (Date, Map, Set, BigInt, bytes, undefined, NaN, -0) becomes `{"$rich": <devalue>}`. Anything that would not
 * come back as what it was is refused.
 */
const RICH = "$rich";
const MAX_DEPTH = 200;

const reducers = {
  Buffer: (value: unknown): string | false => isBuffer(value) && value.toString("base64"),
  // A view is stored without the rest of the memory it looks into, which may be somebody else's.
  View: (value: unknown): unknown =>
    ArrayBuffer.isView(value) && value.byteLength < value.buffer.byteLength && alone(value),
};
const revivers = {
  Buffer: (text: string): unknown => globalThis.Buffer.from(text, "base64"),
  View: (view: unknown): unknown => view,
};

/** Encodes data; keys that hold undefined are left out. Throws DataError naming the key. */
export function encode(data: object): string {
  let special = false;
  for (const key of Object.keys(data)) {
    if (kindOf(key, (data as Record<string, unknown>)[key]) !== "plain") special = true;
  }
  if (!special) return JSON.stringify(data);
  const parts: string[] = [];
  for (const key of Object.keys(data)) {
    const value = (data as Record<string, unknown>)[key];
    if (value !== undefined) parts.push(`${JSON.stringify(key)}:${encodeValue(key, value)}`);
  }
  return `{${parts.join(",")}}`;
}

/** Encodes the value of one key. Throws DataError naming the key. */
export function encodeValue(key: string, value: unknown): string {
  if (kindOf(key, value) === "plain") return JSON.stringify(value);
  try {
    return `{"${RICH}":${stringify(value, reducers)}}`;
  } catch (error) {
    throw unsupported(key, "a value that cannot be stored", error);
  }
}

/**
 * Puts each key of an encoded text into an object without inherited names. The values are fresh copies, built as data only.
 * Throws Damaged, and has then maybe put some keys into it.
 */
export function decode(text: string, into: object): void {
  const data = objectIn(text);
  if (data === undefined) throw new Damaged("The data");
  const mayBeRich = text.includes(RICH);
  for (const key of Object.keys(data))
    (into as Record<string, unknown>)[key] = mayBeRich ? revive(data[key]) : data[key];
}

/** Puts `value` under `key`; undefined removes the key. */
export function setKey(data: object, key: string, value: unknown): void {
  if (value === undefined) delete (data as SessionData)[key];
  else (data as SessionData)[key] = value;
}

/** Returns the data of an encoded text, in an object without inherited names. Throws Damaged. */
export function decoded(text: string): SessionData {
  const data: SessionData = Object.create(null);
  decode(text, data);
  return data;
}

function revive(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, RICH)) return value;
  try {
    return unflatten((value as Record<string, unknown>)[RICH] as number | unknown[], revivers);
  } catch {
    throw new Damaged("A value");
  }
}

type Kind = "plain" | "rich";

function kindOf(key: string, value: unknown): Kind {
  switch (typeof value) {
    case "string":
    case "boolean":
      return "plain";
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? "plain" : "rich";
    case "bigint":
    case "undefined":
      return "rich";
    case "object":
      if (value === null) return "plain";
      return kindOfObject(key, value, []) === "plain" && !Object.hasOwn(value, RICH) ? "plain" : "rich";
    default:
      throw unsupported(key, `a ${typeof value}`);
  }
}

function kindOfObject(key: string, value: object, within: object[]): Kind {
  if (within.includes(value)) throw unsupported(key, "a value that contains itself");
  if (within.length >= MAX_DEPTH) throw unsupported(key, `a value nested more than ${MAX_DEPTH} deep`);
  within.push(value);
  let kind: Kind = "plain";
  for (const inner of contents(key, value)) {
    const of =
      typeof inner === "object" && inner !== null ? kindOfObject(key, inner, within) : kindOf(key, inner);
    if (of === "rich") kind = "rich";
  }
  within.pop();
  return Array.isArray(value) || isPlainObject(value) ? kind : "rich";
}

/** What a container holds, so that what is inside is judged too. Throws for anything that is not plain data. */
function contents(key: string, value: object): Iterable<unknown> {
  if (Array.isArray(value)) {
    // A hole or an extra property would be lost.
    if (Object.keys(value).length !== value.length)
      throw unsupported(key, "an array with holes or named properties");
    return value;
  }
  if (isPlainObject(value)) {
    if (Object.getOwnPropertySymbols(value).length > 0) throw unsupported(key, "an object with symbol keys");
    if (typeof (value as { toJSON?: unknown }).toJSON === "function")
      throw unsupported(key, "an object with a toJSON method");
    return Object.values(value);
  }
  const name = builtinName(value);
  if (name === "Map") return [...(value as Map<unknown, unknown>)].flat();
  if (name === "Set") return value as Set<unknown>;
  if (name === "Date") {
    if (Number.isNaN((value as Date).getTime())) throw unsupported(key, "an invalid Date");
    return [];
  }
  if (name !== undefined) return [];
  throw unsupported(key, `an instance of ${value.constructor?.name ?? "a class"}`);
}

const BUILTINS = new Set([
  ..."Map Set Date RegExp URL URLSearchParams ArrayBuffer Buffer DataView".split(" "),
  ..."Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array".split(" "),
  ..."Float32Array Float64Array BigInt64Array BigUint64Array".split(" "),
]);

/** The name of a built-in that devalue gives back whole; a subclass of one has another prototype and none. */
function builtinName(value: object): string | undefined {
  const name: unknown = (Object.getPrototypeOf(value) as { constructor?: { name?: unknown } }).constructor
    ?.name;
  if (typeof name !== "string" || !BUILTINS.has(name)) return undefined;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  return tag === name || (name === "Buffer" && isBuffer(value)) ? name : undefined;
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function alone(view: ArrayBufferView): ArrayBufferView {
  const buffer = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
  return new (view.constructor as new (buffer: ArrayBufferLike) => ArrayBufferView)(buffer);
}

function isBuffer(value: unknown): value is Buffer {
  return typeof globalThis.Buffer === "function" && globalThis.Buffer.isBuffer(value);
}

function unsupported(key: string, what: string, cause?: unknown): DataError {
  return new DataError(
    "unsupported",
    key,
    `session.${key} holds ${what}, which would not come back as it was. ` +
      "Store plain data: strings, numbers, booleans, null, arrays, plain objects, Date, Map, Set, BigInt, bytes.",
    cause === undefined ? undefined : { cause },
  );
}

/** Compares two encoded texts key by key. Returns what `to` sets, and what it no longer has. */
export function changesBetween(from: string, to: string): DataChanges {
  const before = JSON.parse(from) as SessionData;
  const after = JSON.parse(to) as SessionData;
  const set = new Map<string, string>();
  for (const key of Object.keys(after)) {
    const text = JSON.stringify(after[key]);
    if (!Object.hasOwn(before, key) || JSON.stringify(before[key]) !== text) set.set(key, text);
  }
  return { set, unset: Object.keys(before).filter((key) => !Object.hasOwn(after, key)) };
}

/** Returns true if anything differs. The same data in another order does not. */
export function isChanged(from: string, to: string): boolean {
  if (from === to) return false;
  if (from.length !== to.length) return true;
  // Another order has the same characters, and counting them is a fraction of the work of reading both.
  let sum = 0;
  for (let at = 0; at < from.length; at++) sum += from.charCodeAt(at) - to.charCodeAt(at);
  if (sum !== 0) return true;
  const { set, unset } = changesBetween(from, to);
  return set.size > 0 || unset.length > 0;
}

/** Throws DataError `too_large`, naming the largest key, if the text has more than `maxBytes` bytes. */
export function checkSize(text: string, maxBytes: number): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return;
  const { set } = changesBetween("{}", text);
  throw tooLarge(`The session has ${bytes} bytes, over maxBytes (${maxBytes})`, set);
}

/** Returns a DataError `too_large` that names the largest change: with what others have stored, it is too much. */
export function outgrown(from: string, to: string, maxBytes: number): DataError {
  const { set } = changesBetween(from, to);
  return tooLarge(`With what other requests have stored, the session is over maxBytes (${maxBytes})`, set);
}

function tooLarge(what: string, texts: ReadonlyMap<string, string>): DataError {
  let largest = "";
  let most = -1;
  for (const [key, text] of texts) {
    const size = Buffer.byteLength(text);
    if (size > most) [largest, most] = [key, size];
  }
  return new DataError(
    "too_large",
    largest,
    `${what}; session.${largest} alone has ${most}. Keep large data elsewhere and its id in the session.`,
  );
}
