import { hash } from "node:crypto";
import { SessionStore } from "../compat/store.ts";
import { publish } from "../core/events.ts";
import { standInLine } from "../core/line.ts";
import { systemEnvironment } from "../environment.ts";
import { BackendError, StateError } from "../errors.ts";

/** A store made for express-session, as far as it is used here. */
export interface AnyStore {
  get(sid: string, callback: (error?: unknown, session?: object | null) => void): unknown;
  set(sid: string, session: object, callback: (error?: unknown) => void): unknown;
  destroy(sid: string, callback?: (error?: unknown) => void): unknown;
  touch?(sid: string, session: object, callback: (error?: unknown) => void): unknown;
  regenerate(req: object, callback: (error?: unknown) => void): unknown;
  createSession(req: object, session: object): unknown;
  generate?: (req: object) => void;
  on?(event: string, listener: () => void): unknown;
}

const TIMEOUT = 5;
/** How many ended sessions are remembered, against requests that still write to them. */
const MAX_BURIED = 10_000;

/** Where all requests of this process meet that use one store. */
export class Desk {
  readonly store: AnyStore;
  /** Whether the store merges changes by itself, and knows what has ended better than anybody here. */
  readonly merges: boolean;
  /** Seconds that one call may take. */
  timeout: number = TIMEOUT;
  /** For events: the name of the cookie stands for the realm. */
  readonly options: { realm: string } = { realm: "connect.sid" };
  /** Whether the store is connected, as far as it says. */
  ready = true;
  #count = 0;
  readonly #buried = new Map<string, number>();
  readonly #lines = new Map<string, Promise<void>>();

  constructor(store: AnyStore) {
    this.store = store;
    this.merges = store instanceof SessionStore;
    store.on?.("disconnect", () => {
      this.ready = false;
    });
    store.on?.("connect", () => {
      this.ready = true;
    });
    // Sessions are ended behind the requests' backs too, by whoever has the store.
    const { destroy } = store;
    store.destroy = (sid, callback) => {
      this.bury(sid);
      return destroy.call(store, sid, callback);
    };
  }

  /** A moment, to be compared with the end of sessions. */
  get count(): number {
    return this.#count;
  }

  /** Remembers that a session has ended. */
  bury(sid: string): void {
    this.#buried.delete(sid);
    this.#buried.set(sid, ++this.#count);
    if (this.#buried.size > MAX_BURIED)
      for (const [oldest] of this.#buried) return void this.#buried.delete(oldest);
  }

  /** Whether a session has ended since that moment. One of the same id may have begun after that. */
  buried(sid: string, since: number): boolean {
    return (this.#buried.get(sid) ?? 0) > since;
  }

  /** One at a time for each session. */
  async alone<T>(sid: string, work: () => Promise<T>): Promise<T> {
    // Whoever is before has three calls to make at most.
    const leave = await standInLine(systemEnvironment, this.#lines, sid, this.timeout * 4, () =>
      late(this.timeout * 4),
    );
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /** The record of a session, or undefined. */
  async read(sid: string): Promise<object | undefined> {
    try {
      const found = await this.call<object | null>("get", (done) => this.store.get(sid, done));
      return found ?? undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /**
   * The store's answer to one call. Only its first callback counts; what it throws, or rejects with, counts too. A
   * promise that is fulfilled does not: some are before the store has answered.
   * Throws the store's own error; BackendError for a store that is disconnected or does not answer in time.
   */
  call<T = void>(
    operation: string,
    run: (done: (error?: unknown, value?: T) => void) => unknown,
  ): Promise<T | undefined> {
    return new Promise<T | undefined>((resolve, reject) => {
      const fail = (cause: unknown): void => {
        cancel();
        // Whoever answers is told of an error by its being one.
        const error =
          cause || new BackendError("backend_failed", operation, `The session store failed at ${operation}.`);
        if (!isMissing(error)) publish(this, "backend_failed", { operation, error });
        reject(error);
      };
      const cancel = systemEnvironment.timer(this.timeout, () => fail(this.#silent(operation)));
      if (!this.ready) return fail(disconnected(operation));
      try {
        const returned = run((error, value) => {
          if (error) return fail(error);
          cancel();
          resolve(value);
        }) as { then?: unknown } | undefined;
        if (typeof returned?.then === "function") (returned as Promise<unknown>).then(undefined, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  #silent(operation: string): BackendError {
    return new BackendError(
      "backend_timeout",
      operation,
      `The session store did not answer ${operation} within ${this.timeout} seconds.`,
    );
  }
}

const desks = new WeakMap<object, Desk>();

export function deskOf(store: AnyStore): Desk {
  let desk = desks.get(store);
  if (desk === undefined) {
    desk = new Desk(store);
    desks.set(store, desk);
  }
  return desk;
}

/** What a session is called where its id must not be seen. The same as its handle in our SessionStore. */
export function publicName(sid: string): string {
  return hash("sha256", sid, "base64url").slice(0, 16);
}

/** How stores over files say that there is no such session. */
function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ENOENT";
}

function disconnected(operation: string): BackendError {
  return new BackendError("backend_failed", operation, `The session store is disconnected: no ${operation}.`);
}

function late(seconds: number): StateError {
  return new StateError(
    "lock_timeout",
    `Other requests were writing this session for ${seconds} seconds. Try again, or raise storeTimeout.`,
  );
}
