import type { ReadonlySession } from "../core/register.ts";
import { watchOwn } from "../core/told.ts";
import type { EndReason } from "../core/watch.ts";
import { SessionError } from "../errors.ts";

export type { EndReason };

/**
 * Why the signal of a session was aborted: `reason` is "logged_out", "revoked", "limit", "expired", "rights" or "unreachable", as
 * `watch` of the sessions tells it. Its `code` is "ended".
 *
 * @example
 * signal(session).addEventListener("abort", () => {
 *   const { reason } = signal(session).reason as SessionEndedError;
 *   socket.close(4401, reason);
 * });
 */
export class SessionEndedError extends SessionError {
  override readonly name = "SessionEndedError";
  declare readonly code: "ended";
  declare readonly status: 409;
  readonly reason: EndReason;

  constructor(reason: EndReason) {
    super("ended", 409, `The session has ended: ${reason}.`);
    this.reason = reason;
  }
}

/** What all signals of one session object follow. */
interface Source {
  readonly controller: AbortController;
  readonly watch: Disposable;
  /** How many signals somebody may still hold. */
  held: number;
}

const sources = new WeakMap<object, Source>();

/** When nobody holds a signal any more, and nobody listens to it, its session need not be watched. */
const dropped = new FinalizationRegistry<{ key: WeakRef<object>; source: Source }>(({ key, source }) => {
  if (--source.held > 0) return;
  source.watch[Symbol.dispose]();
  const held = key.deref();
  if (held !== undefined && sources.get(held) === source) sources.delete(held);
});

/**
 * Returns an AbortSignal that aborts when the session ends, in whichever process, or silently by its deadline: for `fetch`, streams,
 * sockets and jobs. Its `reason` is a SessionEndedError that says why. The rules are those of `sessions.watch`. Works
 * also after the request. Throws StateError `not_live` for anything that is no session.
 *
 * @example
 * const answer = await fetch("https://api.example/slow", { signal: signal(session) });
 */
export function signal(session: ReadonlySession): AbortSignal {
  const source = sources.get(session) ?? begin(session);
  source.held++;
  // One of its own: the runtime keeps it as long as somebody listens to it, and no longer.
  const own = AbortSignal.any([source.controller.signal]);
  dropped.register(own, { key: new WeakRef(session), source });
  return own;
}

function begin(session: object): Source {
  const controller = new AbortController();
  const watch = watchOwn(session, ({ reason }) => controller.abort(new SessionEndedError(reason)));
  const source = { controller, watch, held: 0 };
  sources.set(session, source);
  return source;
}
