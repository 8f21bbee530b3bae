import type { Environment } from "../environment.ts";
import { ConfigError } from "../errors.ts";
import { Burst } from "./burst.ts";
import { listen, type Publisher, type SessionEventName, type SessionEvents } from "./events.ts";

/** Where events are logged: `console`, a logger of pino or winston, or anything with these four methods. */
export interface Logger {
  debug(...args: never[]): unknown;
  info(...args: never[]): unknown;
  warn(...args: never[]): unknown;
  error(...args: never[]): unknown;
}

type Level = "debug" | "info" | "warn" | "error";

/** What is logged of an event: members that are named here, so that nothing else of it can get into a log. */
type Line = readonly [level: Level, message: string, more?: object];

const LINES: { readonly [Name in SessionEventName]: (event: SessionEvents[Name]) => Line } = {
  created: ({ userId }) =>
    userId === null ? ["debug", "session created"] : ["info", "user signed in to a new session"],
  adopted: () => ["debug", "session of another library moved here"],
  moved: ({ from, to }) => ["debug", "session moved to another store", { from, to }],
  rotated: ({ login, elevated }) =>
    login
      ? ["info", "user signed in"]
      : ["debug", elevated ? "session has other rights and a new id" : "session has a new id"],
  logged_out: ({ reason, userId }) => [userId === null ? "debug" : "info", ENDED[reason], { reason }],
  changed: ({ key }) => ["info", "session changed by an operator", { key }],
  expired: ({ userId }) => [userId === null ? "debug" : "info", "session expired"],
  revoked: ({ reason, all, by }) => [
    "info",
    REVOKED[reason],
    { reason, all, ...(by !== undefined && { by }) },
  ],
  device_changed: ({ changed }) => ["warn", "session used with another device", { changed }],
  reused: () => ["warn", "replaced id used: its cookie may be stolen"],
  superseded: () => ["debug", "request came with the id from before a sign-in"],
  unknown: () => ["debug", "unknown id"],
  bound: () => ["debug", "session bound to its device"],
  unproven: () => ["warn", "cookie of a bound session came without the proof of its device"],
  proof_refused: () => ["warn", "signature for a bound session refused"],
  damaged: () => ["warn", "stored session cannot be read"],
  discarded: ({ reason }) => ["warn", "what a request wrote was dropped", { reason }],
  invalid: ({ migrated, issues }) => [
    migrated ? "info" : "warn",
    migrated ? "stored data migrated to the schema" : "stored data does not fit the schema",
    { issues },
  ],
  backend_failed: ({ operation, error }) => [
    "error",
    "session back-end failed",
    { operation, ...told(error) },
  ],
};

const ENDED = {
  logout: "user logged out",
  emptied: "session emptied",
  replaced: "session replaced by another",
};

const REVOKED = {
  revoked: "session revoked",
  limit: "session ended by a sign-in of its user, who had too many",
  reused: "session ended because a replaced id was used",
};

/** Which events somebody else can cause as often as they like, and from how many in ten seconds on they are a warning. */
const BURSTS = { unknown: 20, backend_failed: 1 } as const;

/**
 * Logs every event of these sessions; returns a function that ends it. Throws ConfigError `logger` for anything that has not
 * the four methods.
 */
export function logEvents(
  engine: Publisher & { readonly environment: Environment },
  logger: Logger,
): () => void {
  const write = writerOf(logger);
  const stops = (Object.keys(LINES) as SessionEventName[]).map((name) => {
    if (name === "unknown" || name === "backend_failed") return logBursts(engine, name, write);
    return listen(engine, name, (event) => {
      const [level, message, more] = (LINES[name] as (event: object) => Line)(event);
      write(level, message, { event: name, ...about(event), ...more });
    });
  });
  return () => {
    for (const stop of stops) stop();
  };
}

function logBursts(
  engine: Publisher & { readonly environment: Environment },
  name: keyof typeof BURSTS,
  write: Write,
): () => void {
  const burst = new Burst(engine.environment, BURSTS[name]);
  return listen(engine, name, (event) => {
    const [level, message, more] = (LINES[name] as (event: object) => Line)(event);
    const fields = { event: name, ...about(event), ...more };
    const kind = "operation" in event ? event.operation : name;
    const loud = name === "unknown" ? "warn" : level;
    const stands = burst.add(kind, (count) =>
      write(loud, `${message}, ${count} times in ten seconds`, {
        event: name,
        realm: event.realm,
        kind,
        count,
      }),
    );
    if (name === "unknown") write("debug", message, fields);
    else if (stands) write(level, message, fields);
  });
}

function about(event: SessionEvents[SessionEventName]): object {
  const { realm, handle, userId } = event as { realm: string; handle?: string; userId?: string | null };
  return { realm, ...(handle !== undefined && { handle }), ...(userId != null && { userId }) };
}

function told(error: unknown): object {
  if (!(error instanceof Error)) return {};
  const { code } = error as { code?: unknown };
  return { error: error.name, ...(code !== undefined && { code }), reason: error.message };
}

type Write = (level: Level, message: string, fields: object) => void;

/** Pino takes the fields first, everybody else the message. */
function writerOf(logger: Logger): Write {
  for (const level of ["debug", "info", "warn", "error"] as const)
    if (typeof logger?.[level] !== "function")
      throw new ConfigError(
        "logger",
        "Pass console, a logger of pino or winston, or an object with the methods debug, info, warn and error.",
      );
  const methods = logger as unknown as Record<Level, (...args: unknown[]) => unknown>;
  const isPino = typeof (logger as { bindings?: unknown }).bindings === "function";
  return (level, message, fields) =>
    void (isPino ? methods[level](fields, message) : methods[level](message, fields));
}
