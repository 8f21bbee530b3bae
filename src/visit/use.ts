import type { Awaitable } from "../backends/backend.ts";
import type { AccessError } from "../errors.ts";
import type { Due } from "./answer.ts";

/** The use of one session by a request, as the Hold of its response sees it. */
export interface Use extends Due {
  /** What a guard has thrown. It is answered in place of an error answer of the framework. */
  readonly refusal?: AccessError | undefined;
  /** To be called when the client has left while a handler may still run. Its lock then ends by itself, at the latest. */
  unawaited?(): void;
  /** Saves before the head is sent. */
  commit(): Awaitable<unknown>;
  /** Takes the place of `commit` for a response with a status of 500 or more. */
  commitFailed(): Awaitable<unknown>;
  /** Saves what changed since the head was sent. */
  commitLate(): Awaitable<unknown>;
  /** The answer is complete, and everything is saved: what comes later is refused. */
  close?(): void;
  /** Drops unsaved changes. */
  discard(): void;
  /** Drops unsaved changes. Later changes are saved. */
  revert?(): Awaitable<void>;
  /** To be called before the head of a body that is not whole is sent: its rest may still look at the session. */
  mayLook?(): void;
}

/** What has to know at once that somebody has looked at a session. */
export interface Watcher {
  looked(due: Due): void;
}

/** The answer is complete. A connection that was upgraded has its sessions for as long as it lasts. */
export function closeAll(uses: readonly Use[], { statusCode }: { readonly statusCode: number }): void {
  if (statusCode !== 101) for (const use of uses) use.close?.();
}

/** Calls a method of each, one after the other. Stops at the first error. Synchronous if the methods are. */
export function each<Step extends string>(
  uses: readonly { [S in Step]: () => Awaitable<unknown> }[],
  step: Step,
  from = 0,
): Awaitable<unknown> {
  for (let at = from; at < uses.length; at++) {
    const done = uses[at]![step]();
    if (done instanceof Promise)
      return at + 1 < uses.length ? done.then(() => each(uses, step, at + 1)) : done;
  }
  return undefined;
}

/** Returns what a guard has thrown; undefined if none has, or if the option `signIn` is not given. */
export function refusalOf(uses: readonly Pick<Use, "refusal">[]): AccessError | undefined {
  for (const { refusal } of uses) if (refusal !== undefined) return refusal;
  return undefined;
}
