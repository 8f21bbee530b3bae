/** Every code of an error of ours. */
export type SessionErrorCode =
  | "config"
  | BackendError["code"]
  | DataError["code"]
  | StateCode
  | AccessError["code"]
  | UserIdError["code"];

/** Every status of an error of ours. */
export type SessionErrorStatus = 400 | 401 | 403 | 409 | 500 | 503;

/**
 * The base of every error that micropie throws on purpose.
 *
 * `code` is stable across releases and safe to switch on; `status` is the HTTP status that an adapter answers
 * with when nobody catches the error. A session that is missing, forged or expired is never an error: it is an
 * empty session. No message, field or cause carries a cookie's secret; sessions are named by their handle.
 *
 * @example
 * function statusOf(error: unknown) {
 *   return error instanceof SessionError ? error.status : 500;
 * }
 */
export class SessionError extends Error {
  override readonly name: string = "SessionError";
  readonly code: SessionErrorCode;
  readonly status: SessionErrorStatus;

  constructor(code: SessionErrorCode, status: SessionErrorStatus, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }

  /** Returns the answer to the request, without details. Hono calls it. */
  getResponse(): Response {
    return new Response(reasonOf(this.status), { status: this.status });
  }
}

const REASONS: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  409: "Conflict",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Returns the words for a status. */
export function reasonOf(status: number): string {
  return REASONS[status] ?? "Error";
}

/**
 * An option is wrong. Thrown when it is given, at start, and never while a request runs; names the `option`.
 *
 * @example
 * try {
 *   createSessions({ timeouts: { idle: 30 * 60 * 1000 } });
 * } catch (error) {
 *   if (error instanceof ConfigError) console.error(error.option, error.message); // timeouts.idle ... looks like milliseconds
 * }
 */
export class ConfigError extends SessionError {
  override readonly name = "ConfigError";
  declare readonly code: "config";
  declare readonly status: 500;
  readonly option: string;

  constructor(option: string, message: string, options?: ErrorOptions) {
    super("config", 500, `${option}: ${message}`, options);
    this.option = option;
  }
}

/**
 * The back-end failed or did not answer within its deadline; the `cause` has the name, the code
 * and the message of the driver's error, without statements, parameters and rows.
 * `backend_timeout` says that the outcome of a write is unknown. Status 503: nothing is logged out, try again.
 *
 * @example
 * try {
 *   await save(session);
 * } catch (error) {
 *   if (error instanceof BackendError) console.error("The store is down:", error.operation, error.cause);
 * }
 */
export class BackendError extends SessionError {
  override readonly name = "BackendError";
  declare readonly code: "backend_failed" | "backend_timeout";
  declare readonly status: 503;
  readonly operation: string;

  constructor(code: BackendError["code"], operation: string, message: string, options?: ErrorOptions) {
    super(code, 503, message, options);
    this.operation = operation;
  }
}

/**
 * The session holds something that cannot be stored: `unsupported` (a value that would not come back as what it
 * was), `too_large`, or `invalid` (refused by the schema, or what is stored is damaged). Names the `key`. What was stored
 * before is untouched.
 *
 * @example
 * try {
 *   await save(session);
 * } catch (error) {
 *   if (error instanceof DataError) console.error(error.key, error.code); // cart too_large
 * }
 */
export class DataError extends SessionError {
  override readonly name = "DataError";
  declare readonly code: "unsupported" | "too_large" | "invalid";
  declare readonly status: 500;
  readonly key: string;

  constructor(code: DataError["code"], key: string, message: string, options?: ErrorOptions) {
    super(code, 500, message, options);
    this.key = key;
  }
}

/** What the session's state does not allow; each code says why. */
export type StateCode =
  /** It was logged out, revoked or expired while the request ran. */
  | "ended"
  /** Other requests kept changing it until the deadline. */
  | "conflict"
  /** Something was changed through a reference to what `update` or `exclusive` had replaced, so it would be lost. */
  | "stale_edit"
  /** The response's headers are gone, and this would need a cookie. */
  | "headers_sent"
  /** The object is not a session of this engine, or its request is over. */
  | "not_live"
  /** The wait limit for exclusive use is over. */
  | "lock_timeout"
  | "client_left"
  /** The user has as many sessions as the option `perUser` allows, and `onLimit` is "refuse". The session is as it was before. */
  | "limit"
  /** The request came by the id before a rotation, which may not change the rights. */
  | "id_replaced"
  /** The lock expired while it was held, and another request has it now. */
  | "lock_lost"
  /** The session is read-only because the back-end was down when it was loaded. */
  | "read_only";

const STATUS: Record<StateCode, StateError["status"]> = {
  ended: 409,
  conflict: 409,
  stale_edit: 500,
  headers_sent: 500,
  not_live: 500,
  lock_timeout: 503,
  client_left: 503,
  limit: 409,
  id_replaced: 409,
  lock_lost: 409,
  read_only: 503,
};

/**
 * The session cannot do this now. `code` says why (see `StateCode`), the message what to do.
 *
 * @example
 * try {
 *   await update(session, "visits", (visits = 0) => visits + 1);
 * } catch (error) {
 *   if (error instanceof StateError && error.code === "ended") console.error("The user has logged out meanwhile.");
 * }
 */
export class StateError extends SessionError {
  override readonly name = "StateError";
  declare readonly code: StateCode;
  declare readonly status: 409 | 500 | 503;

  constructor(code: StateCode, message: string, options?: ErrorOptions) {
    super(code, STATUS[code], message, options);
  }
}

const ACCESS_STATUS: Record<AccessError["code"], AccessError["status"]> = {
  no_user: 401,
  not_fresh: 401,
  cross_site: 403,
};

/** What an AccessError asks for. */
export interface AccessAsked extends ErrorOptions {
  readonly maxAge?: number | undefined;
  readonly by?: readonly string[] | undefined;
}

/**
 * The request may not do this. `no_user`: nobody is signed in; `not_fresh`: the sign-in is too long ago, or lacks a factor
 * (both 401); `cross_site`: a page of another site sent it (403). `maxAge` (seconds) and `by` (factors) say what sign-in would
 * do. Where an adapter or App answers it, the answer is JSON with these and with the message, so put no secret into that.
 *
 * @example
 * if (info(session).userId === undefined) throw new AccessError("no_user", "Sign in first.");
 */
export class AccessError extends SessionError {
  override readonly name = "AccessError";
  declare readonly code: "no_user" | "not_fresh" | "cross_site";
  declare readonly status: 401 | 403;
  /** The message may be sent, as frameworks with http-errors have it: Koa sends it then, and prints nothing. */
  readonly expose = true;
  /** How many seconds ago the sign-in, or the factor, may be. Undefined if any sign-in would do. */
  readonly maxAge: number | undefined;
  /** The factors that are asked for; none if any sign-in would do. */
  readonly by: readonly string[];

  constructor(code: AccessError["code"], message: string, { maxAge, by = [], ...options }: AccessAsked = {}) {
    super(code, ACCESS_STATUS[code], message, options);
    this.maxAge = maxAge;
    this.by = by;
  }

  /** Returns what the answer says. */
  toJSON(): {
    code: string;
    message: string;
    maxAge?: number | undefined;
    by?: readonly string[] | undefined;
  } {
    const { code, message, maxAge, by } = this;
    return { code, message, maxAge, by: by.length === 0 ? undefined : by };
  }

  override getResponse(): Response {
    return Response.json(this, { status: this.status });
  }
}

/** What was given as a user's id is none: empty, too long, or not well-formed. Status 400, as it came with the request. */
export class UserIdError extends SessionError {
  override readonly name = "UserIdError";
  declare readonly code: "user_id";
  declare readonly status: 400;

  constructor(message: string) {
    super("user_id", 400, message);
  }
}
