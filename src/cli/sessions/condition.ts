import type { ListedSession } from "../../core/listed.ts";
import { secondsOf } from "../../duration.ts";
import { misuse } from "../options.ts";

/** How a field is compared; "" if it needs no value. */
export type Operator = "" | "=" | "!=" | "~" | "!~" | "<" | ">" | "<=" | ">=";

/** One condition. */
export interface Test {
  readonly field: string;
  readonly operator: Operator;
  readonly value: string;
  /** What the value is as a number: seconds for times and durations; NaN if it is none. */
  readonly number: number;
}

/** Reads the value of a condition. Throws `Problem` with exit code 2. */
export function read(field: string, operator: Operator, value: string, how: string): Test {
  if (operator !== "" && value === "") throw misuse(`--where ${field}${operator}: the value is missing`, how);
  return { field, operator, value, number: numberOf(field, operator, value, how) };
}

/** Returns whether a session meets a condition at a time of the store. */
export function isMet(
  { field, operator, value, number }: Test,
  session: ListedSession,
  now: number,
): boolean {
  const { userId, device, signedInAt } = session;
  if (field.startsWith("data.")) {
    const found = keyIn(session.data, field.slice(5).split("."));
    const all = Array.isArray(found) ? found : [found];
    const isNot = operator.startsWith("!");
    const isOne = all.some((each) =>
      compares(each, isNot ? (operator.slice(1) as Operator) : operator, value, number),
    );
    return isOne !== isNot;
  }
  switch (field) {
    case "signed-in":
      if (operator === "") return userId !== undefined;
      return signedInAt !== undefined && compares(signedInAt, operator, value, number);
    case "anonymous":
      return userId === undefined;
    case "idle":
      return compares(now - session.lastSeenAt, operator, value, number);
    case "created":
      return compares(session.createdAt, operator, value, number);
    case "seen":
      return compares(session.lastSeenAt, operator, value, number);
    case "expires":
      return compares(session.expiresAt, operator, value, number);
  }
  const { name, userAgent, browser, platform, address } = device;
  const texts =
    field === "user"
      ? [userId]
      : field === "by"
        ? session.by
        : field === "address"
          ? [address]
          : [name, userAgent, browser, platform];
  const isNot = operator.startsWith("!");
  return (
    texts.some((text) =>
      compares(text, isNot ? (operator.slice(1) as Operator) : operator, value, number),
    ) !== isNot
  );
}

function compares(found: unknown, operator: Operator, value: string, number: number): boolean {
  if (found === undefined) return false;
  if (operator === "~") return String(found).toLowerCase().includes(value.toLowerCase());
  if (operator === "=") return String(found) === value;
  const have = found instanceof Date ? found.getTime() / 1000 : Number(found);
  switch (operator) {
    case "<":
      return have < number;
    case ">":
      return have > number;
    case "<=":
      return have <= number;
    case ">=":
      return have >= number;
  }
  return false;
}

function keyIn(data: unknown, path: readonly string[]): unknown {
  let at = data;
  for (const key of path) {
    if (at instanceof Map) at = at.get(key);
    else if (typeof at === "object" && at !== null && Object.hasOwn(at, key))
      at = (at as Record<string, unknown>)[key];
    else return undefined;
  }
  return at;
}

function numberOf(field: string, operator: Operator, value: string, how: string): number {
  if (!operator.includes("<") && !operator.includes(">")) return Number.NaN;
  const what = `--where ${field}${operator}${value}`;
  if (field === "idle") {
    try {
      return secondsOf("idle", value, 0, 0);
    } catch {
      throw misuse(`${what}: write a length of time such as 30s, 5m, 2h or 7d`, how);
    }
  }
  if (field.startsWith("data.")) {
    const number = Number(value);
    if (!Number.isNaN(number)) return number;
    throw misuse(`${what}: < and > compare numbers`, how);
  }
  const time = Date.parse(/[zZ]|[+-]\d\d:\d\d$/.test(value) || !value.includes("T") ? value : `${value}Z`);
  if (/^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(time)) return time / 1000;
  throw misuse(`${what}: write a time such as 2026-01-31 or 2026-01-31T12:00, in UTC`, how);
}
