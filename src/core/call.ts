import type { Awaitable, PatchResult, Rotation, SessionBackend } from "../backends/backend.ts";
import { BackendError, SessionError } from "../errors.ts";
import { toldOf } from "./cause.ts";
import { changesBetween } from "./codec.ts";
import { publish } from "./events.ts";
import { type Head, headText } from "./head.ts";
import type { Engine, Intent, Live, Stored } from "./live.ts";
import type { Finished, Verb } from "./observed.ts";
import { patched } from "./state.ts";

/** Goes on at once with a value, later with a promise: what a synchronous back-end returns costs no microtask. */
export function chain<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Calls a method of the back-end. Whatever it throws, and an answer later than the deadline, becomes a BackendError. */
export function call<V extends Verb>(
  engine: Engine,
  verb: V,
  ...args: Parameters<SessionBackend[V]>
): ReturnType<SessionBackend[V]> {
  const { backend } = engine;
  const finished = engine.observed.begin?.(verb, args);
  let answer: unknown;
  try {
    answer = (backend[verb] as (...args: unknown[]) => unknown).apply(backend, args);
  } catch (error) {
    const told = failed(engine, verb, error);
    finished?.(undefined, told);
    throw told;
  }
  const isLater = typeof (answer as { then?: unknown } | undefined)?.then === "function";
  if (!isLater) finished?.(answer);
  const done = isLater ? inTime(engine, verb, answer as PromiseLike<unknown>, finished) : answer;
  if (engine.ends.watcher !== undefined && ENDING.has(verb))
    return chain(done, (ended) => tellEnded(engine, verb, args, ended)) as ReturnType<SessionBackend[V]>;
  return done as ReturnType<SessionBackend[V]>;
}

/** The calls that may end a session, or change its rights. */
const ENDING: ReadonlySet<Verb> = new Set<Verb>(["delete", "deleteMany", "revokeUser", "patch"]);

/** Tells those in this process who watch, at once. Returns the answer. */
function tellEnded(engine: Engine, verb: Verb, args: readonly unknown[], answer: unknown): unknown {
  const { watcher } = engine.ends;
  if (verb === "delete" && answer === true) {
    const [handle, , reason = "logged_out"] = args as Parameters<SessionBackend["delete"]>;
    if (reason !== "moved") watcher?.told({ handle, reason });
  }
  if (verb === "revokeUser" || verb === "deleteMany")
    for (const handle of answer as string[]) watcher?.told({ handle, reason: "revoked" });
  if (verb === "patch" && (answer === "ok" || answer === "merged")) {
    const [handle, { rotation, ifEpoch }] = args as Parameters<SessionBackend["patch"]>;
    if (rotation?.raiseEpoch) watcher?.told({ handle, reason: "rights", epoch: ifEpoch + 1 });
  }
  return answer;
}

/** Does what nobody has to wait for or be told of: if the store fails, an event says so, and the request goes on. */
export function ifPossible(work: () => Awaitable<void>): Awaitable<void> {
  const ignore = (error: unknown): void => {
    if (!(error instanceof SessionError)) throw error;
  };
  try {
    const done = work();
    return done instanceof Promise ? done.catch(ignore) : done;
  } catch (error) {
    return ignore(error);
  }
}

/** Runs anything else that may fail or take too long as a back-end may: the store of another library. */
export function guarded<T>(engine: Engine, operation: string, run: () => Awaitable<T>): Awaitable<T> {
  let answer: Awaitable<T>;
  try {
    answer = run();
  } catch (error) {
    throw failed(engine, operation, error);
  }
  return isThenable(answer) ? inTime(engine, operation, answer) : answer;
}

/** What goes with a patch that gives a record a new head, and mostly a new secret. */
export interface Renewal {
  readonly rotation: Rotation | undefined;
  readonly head: Head;
  /** The version that the record must still have; undefined for any. */
  readonly onlyVersion: number | undefined;
}

/**
 * Changes the record of a session: stores its data, and with a renewal a new secret. Notes it if that was done. Throws
 * DataError `too_large` if it would be, together with what others have stored; then nothing was stored.
 */
export function patch(
  live: Live,
  phase: Stored,
  text: string,
  intent: Intent,
  renewal?: Renewal,
): Awaitable<Exclude<PatchResult, "tooLarge">> {
  const { handle, record, head, seen } = phase;
  const rotation = renewal?.rotation;
  const answer = call(live.engine, "patch", handle, {
    ifEpoch: record.epoch,
    ifVersion: renewal?.onlyVersion,
    ifSecretHash: rotation === undefined ? undefined : record.secretHash,
    ifFence: live.turn.held?.lease.fence,
    baseVersion: seen.version ?? -1,
    data: text,
    changes: () => changesBetween(seen.text, text),
    maxBytes: live.engine.options.maxBytes,
    idleTimeout: (renewal?.head ?? head).idleTimeout,
    rotation,
    head: renewal === undefined || renewal.head === head ? undefined : headText(renewal.head),
  });
  return answer instanceof Promise
    ? answer.then((result) => patched(live, phase, text, result, intent))
    : patched(live, phase, text, answer, intent);
}

/** Returns a promise of somebody else's class as one of ours; anything else as it is. */
export function settle<T>(answer: Awaitable<T>): Awaitable<T> {
  return isThenable(answer) ? Promise.resolve(answer) : answer;
}

function inTime<T>(
  engine: Engine,
  operation: string,
  answer: PromiseLike<T>,
  finished?: Finished,
): Promise<T> {
  const { backendTimeout } = engine.options;
  let isLate = false;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const cancel = engine.environment.timer(backendTimeout, () => {
    const error = new BackendError(
      "backend_timeout",
      operation,
      `The session back-end did not answer ${operation} within ${backendTimeout} seconds.`,
    );
    publish(engine, "backend_failed", { operation, error });
    isLate = true;
    finished?.(undefined, error);
    reject(error);
  });
  answer.then(
    (value) => {
      cancel();
      if (!isLate) finished?.(value);
      resolve(value);
    },
    (error: unknown) => {
      cancel();
      const told = failed(engine, operation, error);
      if (!isLate) finished?.(undefined, told);
      reject(told);
    },
  );
  return promise;
}

/** No error of ours carries what a driver put on its own: statements, parameters, rows. */
function failed(engine: Engine, operation: string, thrown: unknown): SessionError {
  if (thrown instanceof SessionError) {
    if (thrown.cause !== undefined) thrown.cause = toldOf(thrown.cause);
    publish(engine, "backend_failed", { operation, error: thrown });
    return thrown;
  }
  const cause = toldOf(thrown);
  publish(engine, "backend_failed", { operation, error: cause });
  return new BackendError(
    "backend_failed",
    operation,
    `The session back-end failed at ${operation}; see the cause.`,
    { cause },
  );
}

function isThenable<T>(answer: unknown): answer is PromiseLike<T> {
  return typeof (answer as { then?: unknown } | undefined)?.then === "function";
}
