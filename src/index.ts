export { App, type LifespanHandler } from "./app/app.ts";
export type { UploadedFile } from "./app/file.ts";
export { Html, html } from "./app/html.ts";
export { type BodyGoneError, type HeaderError, HttpError } from "./app/http-error.ts";
export type { BodyLimits } from "./app/limits.ts";
export { del, get, patch, post, put } from "./app/methods.ts";
export { HttpMiddleware, type Middleware } from "./app/middleware.ts";
export { type FetchApp, mount } from "./app/mount.ts";
export type { AppOptions } from "./app/options.ts";
export { type Reply, redirect, reply } from "./app/reply.ts";
export type { AppRequest } from "./app/request.ts";
export type { RunningApp, ServeOptions } from "./app/serve.ts";
export {
  type Awaitable,
  type LoadSave,
  SessionBackend,
  type SessionCount,
  type SessionData,
} from "./backends/backend.ts";
export { InMemorySessionBackend } from "./backends/memory.ts";
export type { SessionEvent, SessionEventName, SessionEvents, Unsubscribe } from "./core/events.ts";
export { exclusive } from "./core/exclusive.ts";
export { info, type SessionInfo } from "./core/info.ts";
export type { LoginOptions, Timeouts } from "./core/lifetime.ts";
export type { ListedPage, ListedSession, Listing } from "./core/listed.ts";
export type { LegacySeam, LoadOptions } from "./core/live.ts";
export type { LoadFrom } from "./core/load-from.ts";
export type { SessionOptions } from "./core/options.ts";
export type { DataOf, ReadonlySession, Register, Registered, Session } from "./core/register.ts";
export type { RevokeOptions } from "./core/revoked.ts";
export { createSessions, type Sessions } from "./core/sessions.ts";
export type { CookieOptions } from "./core/set-cookie.ts";
export { take } from "./core/take.ts";
export { update } from "./core/update.ts";
export { login, logout, rotate, save } from "./core/verbs.ts";
export type { ListFilter, Which, WhichBut } from "./core/which.ts";
export type { Duration } from "./duration.ts";
export type { Environment } from "./environment.ts";
export {
  AccessError,
  BackendError,
  ConfigError,
  DataError,
  SessionError,
  type SessionErrorCode,
  type StateCode,
  StateError,
  type UserIdError,
} from "./errors.ts";
