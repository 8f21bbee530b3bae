export { App, type LifespanHandler } from "./app/app.ts";
export type { UploadedFile } from "./app/file.ts";
export { Html, html } from "./app/html.ts";
export { BodyGoneError, HeaderError, HttpError } from "./app/http-error.ts";
export type { BodyLimits } from "./app/limits.ts";
export { HttpMiddleware, type Middleware } from "./app/middleware.ts";
export { type FetchApp, mount } from "./app/mount.ts";
export type { AppOptions } from "./app/options.ts";
export { type Reply, redirect, reply } from "./app/reply.ts";
export type { AppRequest } from "./app/request.ts";
export type { RunningApp, ServeOptions } from "./app/serve.ts";
export { type Awaitable, type LoadSave, SessionBackend, type SessionData } from "./backends/backend.ts";
export { InMemorySessionBackend } from "./backends/memory.ts";
export {
  onSessionEvent,
  type SessionEvent,
  type SessionEventName,
  type SessionEvents,
} from "./core/events.ts";
export { exclusive } from "./core/exclusive.ts";
export { flash } from "./core/flash.ts";
export { PRESETS, SESSION_TIMEOUT } from "./core/lifetime.ts";
export type { LegacySeam, Lifetime, LoadOptions, Session } from "./core/live.ts";
export type { SessionOptions } from "./core/options.ts";
export { createSessions, type Sessions, type UserSessionInfo } from "./core/sessions.ts";
export type { CookieOptions } from "./core/set-cookie.ts";
export { update } from "./core/update.ts";
export { commit, destroy, info, login, rotate, type SessionInfo } from "./core/verbs.ts";
export { type Environment, systemEnvironment } from "./environment.ts";
export { BackendError, ConfigError, DataError, SessionError, type StateCode, StateError } from "./errors.ts";
