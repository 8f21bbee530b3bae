import { systemEnvironment } from "../environment.ts";
import { SessionError } from "../errors.ts";

/** Seconds in which errors of one kind are counted, not printed. */
const WINDOW = 10;
/** How many kinds are told apart at once; all others are one. */
const MOST = 20;
const OTHERS = "other errors";

/** The kinds that were printed a moment ago, with how many came since. */
const printed = new Map<string, { readonly until: number; more: number }>();

/**
 * Prints an error to stderr as `console.error` does. Whoever can cause an error can cause it in a loop, so another one of
 * the same kind within ten seconds is only counted, and one line with the count follows at their end.
 */
export function printError(error: unknown): void {
  const now = systemEnvironment.now();
  for (const [kind, { until }] of printed) if (now >= until) close(kind);
  const own = kindOf(error);
  const kind = printed.has(own) || printed.size < MOST ? own : OTHERS;
  const open = printed.get(kind);
  if (open !== undefined) {
    open.more += 1;
    return;
  }
  const opened = { until: now + WINDOW, more: 0 };
  printed.set(kind, opened);
  systemEnvironment.timer(WINDOW, () => printed.get(kind) === opened && close(kind), true);
  console.error(error);
}

function close(kind: string): void {
  const more = printed.get(kind)?.more ?? 0;
  printed.delete(kind);
  if (more > 0) console.error(`micropie: ${more} more in ${WINDOW} seconds: ${kind}`);
}

/** What an attacker can vary in a message must not make a line of its own, so it is cut. */
function kindOf(error: unknown): string {
  if (error instanceof SessionError) return `${error.name} ${error.code}`;
  if (!(error instanceof Error)) return typeof error;
  return `${error.name}: ${JSON.stringify(error.message.slice(0, 80)).slice(1, -1)}`;
}
