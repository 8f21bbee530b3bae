import type { ListedSession } from "../../core/listed.ts";
import type { ListFilter, Which } from "../../core/which.ts";
import { nearest } from "../../option-names.ts";
import { misuse } from "../options.ts";
import { isMet, type Operator, read, type Test } from "./condition.ts";
import type { ListOption } from "./subcommand.ts";

/** The option that says which sessions. */
export const WHERE: { readonly where: ListOption } = {
  where: {
    type: "string",
    short: "w",
    multiple: true,
    value: "CONDITION",
    offers: ["user=", "signed-in", "anonymous", "idle>", "created<", "device~", "address=", "by=", "data."],
    help: "which sessions; several must all hold",
  },
};

export const WHERE_HELP: string = `Conditions:
  user=ann             of this user                     user!=ann, user~@example.com
  signed-in            with a signed-in user            anonymous
  idle>2h              not used for two hours           idle<5m (s, m, h and d)
  created<2026-01-31   created before, in UTC           created>2026-01-31T12:00, signed-in<..., seen<..., expires<...
  device~firefox       user agent, browser, platform or name of the device has this text
  address=203.0.113.9  signed in from                   address~203.0.113.
  by=passkey           its user has proved this factor
  data.role=admin      a key of its data; of an array, one of its values    data.visits>10, data.cart.coupon~SALE
~ looks for a part of a text, in any case. ! before = or ~ turns a condition round.`;

/** Which sessions are meant. */
export interface Filter {
  /** What the store looks for itself. */
  readonly which: Which | ListFilter;
  /** Whether the store looks for all of it. */
  readonly isWhole: boolean;
  /** Whether a session that the store found is meant, at a time of the store. */
  matches(session: ListedSession, now: number): boolean;
}

/** Reads conditions. Throws `Problem` with exit code 2. `how` is the command that prints help. */
export function readFilter(texts: readonly string[], how: string): Filter {
  const tests = texts.map((text) => readTest(text, how));
  const user = tests.find(({ field, operator }) => field === "user" && operator === "=");
  if (user !== undefined) return filterOf({ userId: user.value }, tests, user);
  const signedIn = tests.find(({ field }) => field === "signed-in" || field === "anonymous");
  const idle = tests.find(({ field, operator }) => field === "idle" && operator[0] === ">");
  const which = {
    ...(signedIn === undefined || signedIn.operator !== ""
      ? {}
      : { signedIn: signedIn.field === "signed-in" }),
    ...(idle === undefined ? {} : { idleFor: idle.number }),
  };
  return filterOf(which, tests, signedIn?.operator === "" ? signedIn : undefined, idle);
}

function filterOf(
  which: Which | ListFilter,
  tests: readonly Test[],
  ...byStore: (Test | undefined)[]
): Filter {
  const rest = tests.filter((test) => !byStore.includes(test));
  return {
    which,
    isWhole: rest.length === 0,
    matches: (session, now) => rest.every((test) => isMet(test, session, now)),
  };
}

/** What conditions begin with, besides `data.`. */
export const FIELDS: readonly string[] =
  "user signed-in anonymous idle created seen expires device address by".split(" ");
const OPERATORS: Record<string, readonly Operator[]> = {
  user: ["=", "!=", "~", "!~"],
  device: ["=", "!=", "~", "!~"],
  address: ["=", "!=", "~", "!~"],
  by: ["=", "!="],
  idle: ["<", ">", "<=", ">="],
  created: ["<", ">", "<=", ">="],
  seen: ["<", ">", "<=", ">="],
  expires: ["<", ">", "<=", ">="],
  "signed-in": ["", "<", ">", "<=", ">="],
  anonymous: [""],
};

function readTest(text: string, how: string): Test {
  const [, field = "", sign = "", value = ""] =
    /^([\w-]+(?:\.[^=~<>!]+)?)(?:(!?[=~]|[<>]=?)(.*))?$/s.exec(text) ?? [];
  const operator = sign as Operator;
  if (field.startsWith("data.")) {
    if (operator === "") throw misuse(`--where ${text}: say which value, such as ${field}=...`, how);
    return read(field, operator, value, how);
  }
  const allowed = Object.hasOwn(OPERATORS, field) ? OPERATORS[field] : undefined;
  if (allowed === undefined) {
    const near = nearest(field, FIELDS);
    const hint =
      near === undefined ? `Conditions begin with ${FIELDS.join(", ")} or data.` : `Did you mean ${near}?`;
    throw misuse(`--where ${text}: this is no condition. ${hint}`, how);
  }
  if (!allowed.includes(operator))
    throw misuse(
      `--where ${text}: ${field} takes ${allowed.map((each) => each || "nothing").join(" ")}`,
      how,
    );
  return read(field, operator, value, how);
}
