import assert from "node:assert/strict";
import { inspect } from "node:util";
import { stakeOf } from "./stake.ts";
import type { SuiteCase } from "./suite-case.ts";
import type { Call, Transcript } from "./transcript.ts";

/** How many calls a failure tells of. */
const TOLD = 8;
/** The most characters that it tells of an argument or an answer of one of them. */
const LONGEST = 300;

/** Methods that change what was stored before. */
const WRITING = [
  "patch",
  "touch",
  "delete",
  "revokeUser",
  "lock",
  "relock",
  "deleteMany",
  "moveOut",
  "prune",
  "save",
];

/** Returns where to read on about these methods, and about a promise. */
export type Reading = (names: readonly string[], promise: string) => string;

/**
 * Settles as `work` does; but a failure tells in sentences what should have happened, what happened instead, what is
 * at stake, which calls led to it, and where to read on. An assertion of a case gives its subject as its message ("the
 * version"), or none if it judges what a call returned; the message of an `ok` is a whole sentence. `actual` and `expected`
 * stay, so that a test runner shows the difference.
 */
export async function retold(
  work: Promise<void>,
  { promise, name }: Pick<SuiteCase, "promise" | "name">,
  { calls }: Transcript,
  reading: Reading,
): Promise<void> {
  try {
    await work;
  } catch (error) {
    const judged = judgedIn(calls, error);
    const last = calls.slice(-TOLD);
    const said = saidOf(error, judged);
    const lines = [
      said,
      stakeOf(promise, name),
      ...(last.length === 0 ? [] : ["The last calls:", ...last.map((call) => `  ${toldOf(call)}`)]),
      reading(namesIn(calls, said), promise),
    ];
    throw withMessage(error, lines.join("\n"));
  }
}

/** Returns the call whose answer was judged: the last one that returned this, or that threw; or that never answered. */
function judgedIn(calls: readonly Call[], error: unknown): Call | undefined {
  if (!(error instanceof assert.AssertionError)) {
    const threw = calls.findLast(({ answer }) => answer !== undefined && "error" in answer);
    return threw ?? calls.findLast(({ answer }) => answer === undefined);
  }
  if (!error.generatedMessage || error.operator === "==") return undefined;
  const actual = shown(error.actual);
  return calls.findLast(
    ({ answer, isInner }) =>
      !isInner && answer !== undefined && "value" in answer && shown(answer.value) === actual,
  );
}

function saidOf(error: unknown, judged: Call | undefined): string {
  if (!(error instanceof assert.AssertionError)) {
    if (judged === undefined) return `The case should end without an error, and threw ${thrown(error)}.`;
    const { answer } = judged;
    const threw = answer !== undefined && "error" in answer ? `threw ${thrown(answer.error)}` : "has not";
    return `${calledOf(judged, shown)} should return, and ${threw}.`;
  }
  const { actual, expected, operator, generatedMessage } = error;
  // Node writes the difference below what a case says.
  const message = error.message.split("\n", 1)[0]!;
  if (operator === "==") return `${message}.`;
  const not = operator.startsWith("not") ? "not " : "";
  const [be, is, subject] =
    judged !== undefined
      ? ["return", "returned", calledOf(judged, shown)]
      : ["be", "is", generatedMessage ? "What the case finds" : capital(message)];
  const should = operator === "match" ? "match" : be;
  return `${subject} should ${not}${should} ${shown(expected)}, and ${is} ${shown(actual)}.`;
}

/**
 * What may be at fault: what an author wrote below a base class; or else what the first sentence names, and what can have
 * changed something.
 */
function namesIn(calls: readonly Call[], said: string): string[] {
  const namesOf = (some: readonly Call[]): string[] => [...new Set(some.map(({ name }) => name))];
  const inner = namesOf(calls.slice(-TOLD).filter(({ isInner }) => isInner));
  if (inner.length > 0) return inner;
  const suspects = namesOf(calls.slice(-TOLD)).filter(
    (name) => WRITING.includes(name) || said.includes(name),
  );
  if (suspects.length > 0) return suspects;
  const writing = namesOf(calls).filter((name) => WRITING.includes(name));
  return writing.length > 0 ? writing : namesOf(calls);
}

function calledOf({ name, given, on }: Call, show: (value: unknown) => string): string {
  if (name.includes(" ")) return name;
  const known = given.slice(0, given.findLastIndex((value) => value !== undefined) + 1);
  return `${on}${name}(${known.map((value) => show(value)).join(", ")})`;
}

function toldOf(call: Call): string {
  const { answer } = call;
  const called = calledOf(call, brief);
  if (answer === undefined) return `${called} has no answer yet`;
  return "error" in answer
    ? `${called} threw ${thrown(answer.error)}`
    : `${called} returned ${brief(answer.value)}`;
}

function thrown(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : shown(error);
}

const ONE_LINE = { breakLength: Number.POSITIVE_INFINITY, compact: true, depth: 4, maxArrayLength: 12 };

/** Returns a value in one line, of a record only what tells it from others. */
function shown(value: unknown, maxStringLength = 100): string {
  const { data, userId, version, epoch } = Object(value) as Record<string, unknown>;
  const isRecord = typeof data === "string" && "secretHash" in Object(value);
  const told = isRecord ? { data, userId: userId ?? undefined, version, epoch } : value;
  return inspect(plain(told), { ...ONE_LINE, maxStringLength }).replaceAll("[Object: null prototype] ", "");
}

function brief(value: unknown): string {
  const text = shown(value, 43);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} ...` : text;
}

/** Returns an object without functions and what is undefined. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined && typeof member !== "function"),
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The same error of an assertion, with another message; any other error as the cause of a new one. */
function withMessage(error: unknown, message: string): Error {
  if (!(error instanceof assert.AssertionError)) return new Error(message, { cause: error });
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  error.message = message;
  error.generatedMessage = false;
  error.stack = `${error.name} [${error.code}]: ${message}\n${frames.join("\n")}`;
  return error;
}
