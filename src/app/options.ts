import type { LoadSave, SessionBackend, SessionData } from "../backends/backend.ts";
import type { SessionOptions } from "../core/options.ts";
import { createSessions, type Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { type BodyLimits, resolveLimits } from "./limits.ts";
import type { AppRequest } from "./request.ts";
import type { RouteTable } from "./routes.ts";

/** How an App behaves: every option of `createSessions`, and these. */
export interface AppOptions<T extends object = SessionData> extends SessionOptions<T> {
  /** MicroPie's name for `backend`. */
  sessionBackend?: SessionBackend | LoadSave;
  /** Sessions made elsewhere, instead of options for new ones. Whoever made them closes them. */
  sessions?: Sessions<T>;
  /** What is accepted of a request's body. */
  limits?: BodyLimits;
  /**
   * Which requests have their session to themselves: names of methods, or a function that decides. Such requests of one
   * session run one at a time, and wait `lockWait` seconds at most, else 503. A streamed answer's stream runs outside.
   */
  exclusive?: readonly string[] | ((request: AppRequest<T>) => boolean);
}

const NAMES: Record<keyof AppOptions, true> = {
  backend: true,
  cookie: true,
  idleTimeout: true,
  absoluteTimeout: true,
  preset: true,
  touchThrottle: true,
  rotationGrace: true,
  maxBytes: true,
  backendTimeout: true,
  outage: true,
  lockWait: true,
  lockTtl: true,
  schema: true,
  migrate: true,
  header: true,
  userId: true,
  legacy: true,
  environment: true,
  sessionBackend: true,
  sessions: true,
  limits: true,
  exclusive: true,
};

export interface ResolvedAppOptions<T extends object> {
  readonly sessions: Sessions<T>;
  /** Whether the sessions were made here, so that they are closed here. */
  readonly ownsSessions: boolean;
  readonly limits: Required<BodyLimits>;
  readonly exclusive: AppOptions<T>["exclusive"];
}

/** Throws ConfigError naming the option that is wrong, unknown, or at odds with another. */
export function resolveAppOptions<T extends object>(options: AppOptions<T>): ResolvedAppOptions<T> {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(NAMES, name)) {
      throw new ConfigError(name, `There is no such option. There are: ${Object.keys(NAMES).join(", ")}.`);
    }
  }
  const { sessionBackend, sessions, limits, exclusive, ...session } = options;
  if (exclusive !== undefined && typeof exclusive !== "function" && !Array.isArray(exclusive)) {
    throw new ConfigError("exclusive", "Give an array of method names, or a function.");
  }
  const resolved = { limits: resolveLimits(limits), exclusive };
  if (sessions !== undefined) {
    const [other] = sessionBackend === undefined ? Object.keys(session) : ["sessionBackend"];
    if (other !== undefined)
      throw new ConfigError(other, "Give it to createSessions, since you give its sessions.");
    return { ...resolved, sessions, ownsSessions: false };
  }
  if (sessionBackend === undefined)
    return { ...resolved, sessions: createSessions(session), ownsSessions: true };
  if (session.backend !== undefined) {
    throw new ConfigError("sessionBackend", "It is another name of backend; give one of them.");
  }
  return {
    ...resolved,
    sessions: createSessions({ ...session, backend: sessionBackend }),
    ownsSessions: true,
  };
}

/** The test that `exclusive` stands for. Throws ConfigError if it names a method that is no route. */
export function exclusiveTest<T extends object>(
  exclusive: AppOptions<T>["exclusive"],
  routes: RouteTable,
): ((request: AppRequest, route: string | undefined) => boolean) | undefined {
  if (exclusive === undefined) return undefined;
  if (typeof exclusive === "function") return exclusive as (request: AppRequest) => boolean;
  for (const name of exclusive) {
    if (!routes.has(name)) throw new ConfigError("exclusive", `${name} is no route of this App.`);
  }
  const names = new Set(exclusive);
  return (_request, route) => route !== undefined && names.has(route);
}
