import { readFileSync } from "node:fs";

/** What a request does, in the order of the numbers of spec/session.pml. */
export const PROGRAMS = [
  "write",
  "read",
  "rotate",
  "elevate",
  "signIn",
  "logout",
  "drain",
  "replace",
  "update",
  "exclusive",
  "revokeAll",
  "revokeOne",
] as const;
export type Program = (typeof PROGRAMS)[number];

/** The calls of the store, by their letters: the verb, what is asked with it, and for what. */
export const CALLS = {
  r: "read",
  a: "read again",
  n: "patch of the head",
  w: "patch",
  p: "patch of one version",
  h: "patch by the holder of the lock",
  g: "patch to a new secret",
  q: "patch to new rights",
  i: "patch to a user",
  c: "create",
  t: "touch",
  d: "delete",
  D: "delete of one version",
  l: "lock",
  k: "relock",
  u: "unlock",
  v: "revokeUser",
} as const;
export type Call = keyof typeof CALLS;

/** How a request is answered: no cookie, another one for its session, one for a session of its own, a removal, an error. */
export type Cookie = "N" | "T" | "O" | "R" | "e";

/** One step of a schedule. `process` is who takes it. */
export type Step =
  /** The store carries a call out and answers this; or nobody hears of it. */
  | {
      readonly is: "call";
      readonly process: number;
      readonly call: Call;
      readonly answer: string;
      readonly lost: boolean;
    }
  /** A call fails, and nothing happens. */
  | { readonly is: "fails"; readonly process: number }
  | { readonly is: "dies"; readonly process: number }
  /** It waits for a lock; `late`: until its limit has passed. */
  | { readonly is: "waits"; readonly process: number; readonly late: boolean }
  /** The client gets the answer; or it is lost on its way. */
  | { readonly is: "answers"; readonly process: number; readonly cookie: Cookie; readonly lost: boolean }
  /** Time passes for the store. */
  | { readonly is: "tick" };

/** What is stored in the end: the fields of the shared session, or undefined, and the sessions that processes began. */
export interface End {
  readonly shared:
    | Readonly<
        Record<
          | "user"
          | "epoch"
          | "version"
          | "secret"
          | "previous"
          | "keys"
          | "count"
          | "turns"
          | "fence"
          | "locked"
          | "idle",
          number
        >
      >
    | undefined;
  readonly own: ReadonlyMap<
    number,
    { readonly user: number; readonly keys: number; readonly count: number; readonly turns: number }
  >;
}

/** One line of spec/schedules.txt. */
export interface Schedule {
  readonly text: string;
  /** Whether the shared session is a user's from the beginning. */
  readonly signedIn: boolean;
  readonly programs: readonly Program[];
  readonly steps: readonly Step[];
  /** Undefined for a counterexample, which has no end. */
  readonly end: End | undefined;
}

const FIELDS = [
  "user",
  "epoch",
  "version",
  "secret",
  "previous",
  "keys",
  "count",
  "turns",
  "fence",
  "locked",
  "idle",
] as const;

/** Reads a line as spec/tell.pml prints it. Throws if it is none. */
export function scheduleIn(text: string): Schedule {
  const [walk = "", end] = text.split(" |");
  const [begin = "", ...tokens] = walk.trim().split(" ");
  const [whose, ...programs] = begin.split(",").map(Number);
  return {
    text,
    signedIn: whose === 1,
    programs: programs.map((program) => PROGRAMS[program - 1]!),
    steps: tokens.map(stepIn),
    end: end === undefined ? undefined : endIn(end),
  };
}

function stepIn(token: string): Step {
  if (token === "T") return { is: "tick" };
  const [, digit, kind, rest, tilde] = /^(\d)([a-zA-Z.,=])([^~]*)(~?)$/.exec(token) ?? [];
  if (digit === undefined || kind === undefined) throw new Error(`This is no step of a schedule: ${token}`);
  const process = Number(digit);
  const lost = tilde === "~";
  if (kind === "x") return { is: "dies", process };
  if (kind === "f") return { is: "fails", process };
  if (kind === "." || kind === ",") return { is: "waits", process, late: kind === "," };
  if (kind === "=") return { is: "answers", process, cookie: rest as Cookie, lost };
  if (!(kind in CALLS)) throw new Error(`There is no call with this letter: ${token}`);
  return { is: "call", process, call: kind as Call, answer: rest ?? "", lost };
}

function endIn(text: string): End {
  const [shared = "", ...others] = text.trim().split(" ");
  const [live, ...fields] = shared.split(",").map(Number);
  const own = others.map((other) => {
    const [handle = 0, user = 0, keys = 0, count = 0, turns = 0] = other.split(",").map(Number);
    return [handle, { user, keys, count, turns }] as const;
  });
  const entries = FIELDS.map((field, n) => [field, fields[n] ?? Number.NaN] as const);
  return {
    shared: live === 1 ? (Object.fromEntries(entries) as End["shared"]) : undefined,
    own: new Map(own),
  };
}

/** The lines of a file of spec/, without its comments. */
export function linesOf(name: string): string[] {
  const text = readFileSync(new URL(`../../spec/${name}`, import.meta.url), "utf8");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}
