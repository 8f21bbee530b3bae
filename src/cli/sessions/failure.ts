import { ConfigError } from "../../errors.ts";
import { codeOf, Problem } from "../problem.ts";
import type { StoreUrl } from "./store-url.ts";

const UNREACHABLE = /^(ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EPIPE|CONNECT_TIMEOUT)$/;

/** A mistake of the command itself keeps its stack. */
export function isOurs(error: unknown): boolean {
  return error instanceof Problem || (error instanceof TypeError && !/fetch|socket/i.test(error.message));
}

/** Returns what a failure of a store means for who runs the command: one line, without a password. */
export function failure(
  error: unknown,
  { shown, password, option }: Pick<StoreUrl, "shown" | "password" | "option">,
): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ConfigError) return new Problem(`${shown}: ${wrongStore(error)}`);
  const first = firstOf(error);
  const code = codeOf(first) ?? codeOf(error);
  if (code === "ENOTFOUND" || code === "EAI_AGAIN")
    return new Problem(`${shown}: this host has no address (${code}). Correct ${option}.`);
  const message = withoutPassword(first instanceof Error ? first.message : String(first), password);
  const what = message.split("\n")[0]!.trim().replace(/\.$/, "");
  if (code !== undefined && UNREACHABLE.test(code))
    return new Problem(
      `${shown} does not answer (${code}). Is the store running there? Otherwise correct ${option}.`,
    );
  return new Problem(
    `${shown}: ${what || code || "it failed"}${code === undefined || what.includes(code) ? "" : ` (${code})`}.`,
  );
}

/** What the errors say to programs is not what helps here. */
function wrongStore({ option, message }: ConfigError): string {
  if (option === "backend")
    return "this store cannot list or count all of its sessions. Name a user: --where user=ID, or revoke-user ID.";
  if (option === "createTable")
    return `${/the table \S+ is missing/.exec(message)?.[0] ?? message}. Say which one has the sessions: --table.`;
  return message;
}

/** The innermost error says what happened. */
function firstOf(error: unknown): unknown {
  let at = error;
  for (let depth = 0; depth < 10; depth++) {
    if (at instanceof AggregateError && at.errors.length > 0) at = at.errors[0];
    else if (at instanceof Error && at.cause instanceof Error) at = at.cause;
    else return at;
  }
  return at;
}

function withoutPassword(message: string, password: string | undefined): string {
  const clean = message.replace(/\b([a-z][a-z+-]*:\/\/)[^\s/@]*@/gi, "$1");
  return password
    ? clean.replaceAll(password, "[password]").replaceAll(encodeURIComponent(password), "[password]")
    : clean;
}
