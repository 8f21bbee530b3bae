import type { Duration } from "./duration.ts";
import { ConfigError } from "./errors.ts";

/** Options in which none is missing; durations are in seconds. */
export type Resolved<T> = { readonly [Name in keyof T]-?: Seconds<Exclude<T[Name], undefined>> };
type Seconds<Value> = Duration extends Value ? Exclude<Value, string> : Value;

/** What to do instead of an option that other libraries have. */
const INSTEAD: Record<string, string> = {
  secret: "Leave it out: the cookie's value is random, so nothing is signed.",
  secrets: "Leave it out: the cookie's value is random, so nothing is signed.",
  password: "Leave it out: the cookie's value is random, so nothing is signed or encrypted.",
  signed: "Leave it out: the cookie's value is random, so nothing is signed.",
  resave: "Leave it out: a session is saved when it has changed.",
  saveUninitialized: "Leave it out: a session without data is never stored.",
  rolling: "Leave it out: each request keeps its session alive.",
  unset: "Leave it out: `session = null` ends a session.",
  genid: "Leave it out: ids come from the system's random generator.",
  proxy: "Leave it out: `cookie.secure` does not depend on the connection.",
  maxAge: "How long a session lives is `timeouts`; `cookie: { persistent: true }` sends Max-Age.",
  expires: "How long a session lives is `timeouts`; `cookie: { persistent: true }` sends Max-Age.",
  ttl: "How long a session lives is `timeouts` of createSessions.",
  store: "Pass the store as `backend` of createSessions.",
  backend: "An App has it as `sessionBackend`; everything else takes it from createSessions({ backend }).",
  name: "The name of the cookie is `cookie: { name }` of createSessions.",
  cookieName: "The name of the cookie is `cookie: { name }` of createSessions.",
};

/**
 * Throws ConfigError unless `options` is an object with no other names than the valid ones. The error names the option,
 * with `prefix` before it, and says which one was probably meant.
 */
export function refuseUnknown(options: unknown, valid: readonly string[], prefix = ""): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const kind = options === null ? "null" : Array.isArray(options) ? "array" : typeof options;
    throw new ConfigError(
      prefix === "" ? "options" : prefix.slice(0, -1),
      `Must be an object; got ${kind}. Valid options: ${valid.join(", ")}.`,
    );
  }
  for (const name of Object.keys(options)) {
    if (valid.includes(name)) continue;
    const near = nearest(name, valid);
    const hint = near === undefined ? INSTEAD[name] : `Did you mean \`${near}\`?`;
    throw new ConfigError(
      prefix + name,
      `Unknown option. ${hint === undefined ? "" : `${hint} `}Valid options: ${valid.join(", ")}.`,
    );
  }
}

/** Returns the name that differs least from a mistyped one; undefined if none is near. */
export function nearest(typed: string, valid: readonly string[]): string | undefined {
  const most = Math.min(2, Math.floor(typed.length / 3));
  const distances = valid.map((name) => ({ name, edits: edits(typed.toLowerCase(), name.toLowerCase()) }));
  const [best] = distances.sort((one, other) => one.edits - other.edits);
  return best !== undefined && best.edits <= most ? best.name : undefined;
}

/** The number of letters to insert, remove, replace or swap to make one text of the other. */
function edits(one: string, other: string): number {
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const cost = one[i - 1] === other[j - 1] ? 0 : 1;
      let least = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + cost);
      const isSwapped = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwapped) least = Math.min(least, before[j - 2]! + 1);
      next.push(least);
    }
    before = row;
    row = next;
  }
  return row[other.length]!;
}
