import type { Awaitable, SessionBackend } from "../backends/backend.ts";
import type { Environment } from "../environment.ts";
import { BackendError, SessionError } from "../errors.ts";
import { publish } from "./events.ts";
import type { ResolvedOptions } from "./options.ts";

/** What `createSessions` wires together once. */
export interface Engine {
  readonly backend: SessionBackend;
  readonly options: ResolvedOptions;
  readonly environment: Environment;
  /** The last in line for exclusive use, by handle. */
  readonly queues: Map<string, Promise<void>>;
  /** The last in line for `update`, by handle; by the session itself while that is not stored. */
  readonly turns: Map<string | object, Promise<void>>;
}

/** Goes on at once with a value, later with a promise: what a synchronous back-end answers costs no microtask. */
export function chain<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/** Calls the back-end. Whatever it throws, and an answer later than the deadline, becomes a BackendError. */
export function call<T>(engine: Engine, operation: string, run: () => Awaitable<T>): Awaitable<T> {
  let answer: Awaitable<T>;
  try {
    answer = run();
  } catch (error) {
    throw failed(operation, error);
  }
  return isThenable(answer) ? inTime(engine, operation, answer) : answer;
}

/** What somebody else's code answered: a promise of theirs, of whatever class, as one of ours. */
export function settle<T>(answer: Awaitable<T>): Awaitable<T> {
  return isThenable(answer) ? Promise.resolve(answer) : answer;
}

function inTime<T>(engine: Engine, operation: string, answer: PromiseLike<T>): Promise<T> {
  const { backendTimeout } = engine.options;
  return new Promise<T>((resolve, reject) => {
    const cancel = engine.environment.timer(backendTimeout, () => {
      const error = new BackendError(
        "backend_timeout",
        operation,
        `The session back-end did not answer ${operation} within ${backendTimeout} seconds.`,
      );
      publish("backend_failed", { operation, error });
      reject(error);
    });
    answer.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(failed(operation, error));
      },
    );
  });
}

function failed(operation: string, cause: unknown): SessionError {
  publish("backend_failed", { operation, error: cause });
  if (cause instanceof SessionError) return cause;
  return new BackendError(
    "backend_failed",
    operation,
    `The session back-end failed at ${operation}; see the cause.`,
    { cause },
  );
}

function isThenable<T>(answer: Awaitable<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown } | undefined)?.then === "function";
}
