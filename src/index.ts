export { type Awaitable, type LoadSave, SessionBackend, type SessionData } from "./backends/backend.ts";
export { InMemorySessionBackend } from "./backends/memory.ts";
export {
  onSessionEvent,
  type SessionEvent,
  type SessionEventName,
  type SessionEvents,
} from "./core/events.ts";
export { exclusive } from "./core/exclusive.ts";
export type { LoadOptions } from "./core/load.ts";
export { PRESETS, SESSION_TIMEOUT, type SessionOptions } from "./core/options.ts";
export type { Lifetime, Session } from "./core/session.ts";
export { createSessions, type Sessions, type UserSessionInfo } from "./core/sessions.ts";
export type { CookieOptions } from "./core/set-cookie.ts";
export { update } from "./core/update.ts";
export { commit, destroy, flash, info, login, rotate, type SessionInfo } from "./core/verbs.ts";
export { BackendError, ConfigError, DataError, SessionError, StateError } from "./errors.ts";
