import type { LoadSave, SessionBackend } from "../backends/backend.ts";
import { SESSION_OPTIONS, type SessionOptions } from "../core/options.ts";
import type { Registered } from "../core/register.ts";
import { createSessions, type Sessions } from "../core/sessions.ts";
import { resolveTrust, type Trust } from "../core/trust-proxy.ts";
import { ConfigError } from "../errors.ts";
import { nearest, type Resolved, refuseUnknown } from "../option-names.ts";
import type { CsrfOptions } from "../visit/cross-site.ts";
import type { SignIn } from "../visit/sign-in.ts";
import { type BodyLimits, resolveLimits } from "./limits.ts";
import type { AppRequest } from "./request.ts";
import type { RouteTable } from "./routes.ts";
import { type ResolvedSocketOptions, resolveSocketOptions, type SocketOptions } from "./socket-limits.ts";

/** The options of an App: those of `createSessions`, and these. The back-end has MicroPie's name, `sessionBackend`. */
export interface AppOptions<T extends object = Registered> extends Omit<SessionOptions<T>, "backend"> {
  /** Where sessions live: `backend` of `createSessions`. Default: a new `InMemorySessionBackend`. */
  sessionBackend?: SessionBackend | LoadSave | undefined;
  /** Existing sessions, instead of options for new ones. The App does not close them. */
  sessions?: Sessions<T> | undefined;
  /** Limits for request bodies. */
  limits?: BodyLimits | undefined;
  /** Which pages may open a WebSocket, and limits for them. */
  sockets?: SocketOptions | undefined;
  /**
   * Which proxies `request.address`, and the addresses that sign-ins store, trust: the number of proxies in front of the App, or their addresses and ranges
   * (`["10.0.0.0/8", "::1"]`). `true` trusts all that X-Forwarded-For says, so the proxy must replace what clients send.
   * Default: none; the address is that of the connection.
   */
  trustProxy?: boolean | number | readonly string[] | undefined;
  /**
   * Which requests use their session exclusively: names of methods, or a function that returns true. Such requests of one
   * session run one at a time. They wait `lock.wait` at most, then fail with 503. The lock is released before a streamed
   * response is sent.
   */
  exclusive?: Requests<T> | undefined;
  /**
   * Which requests come by themselves, without their user, such as those of a poll: names of methods, or a function that
   * returns true. They see the session and do not move its idle deadline, unless they write. Default: none. A prefetch
   * (`Sec-Purpose: prefetch`) always is one.
   */
  idle?: Requests<T> | undefined;
  /**
   * Which requests have streams that go on when their session ends: names of methods, or a function that returns true. Default: none;
   * a stream whose request has looked at the session ends with it.
   */
  outlive?: Requests<T> | undefined;
  /**
   * Whether requests that change something are refused if a page of another site sent them: anything but GET, HEAD and OPTIONS,
   * judged by `Sec-Fetch-Site` and `Origin` before the body is read and the session loaded. They are a 403. `{ trust:
   * ["https://app.example.com"] }` lists origins that may. Default true.
   */
  csrf?: boolean | CsrfOptions | undefined;
  /**
   * Where users sign in: a path, or a function that returns one for what was asked. When `requireUser` or `requireFresh` of
   * `micropie/guards` throws, a browser that asked for a page is sent there, with the page to return to in the query as `back`.
   * Default: none; the answer is a 401 in JSON, as it is for everything else.
   */
  signIn?: SignIn | undefined;
}

/** Which requests: those of these methods, or those for which a function returns true. */
type Requests<T extends object> = readonly string[] | ((request: AppRequest<T>) => boolean);

const OWN = [
  "sessionBackend",
  "sessions",
  "limits",
  "sockets",
  "exclusive",
  "idle",
  "outlive",
  "csrf",
  "signIn",
];
const NAMES: readonly string[] = [...SESSION_OPTIONS.filter((name) => name !== "backend"), ...OWN];

export interface ResolvedAppOptions<T extends object> {
  readonly sessions: Sessions<T>;
  /** Whether the App made the sessions and has to close them. */
  readonly ownsSessions: boolean;
  readonly limits: Resolved<BodyLimits>;
  readonly sockets: ResolvedSocketOptions;
  readonly trust: Trust | undefined;
  readonly exclusive: Requests<T> | undefined;
  readonly idle: Requests<T> | undefined;
  readonly outlive: Requests<T> | undefined;
  readonly csrf: boolean | CsrfOptions;
  readonly signIn: SignIn | undefined;
}

/** Throws ConfigError that names an option that is unknown, invalid, or contradicts another. */
export function resolveAppOptions<T extends object>(options: AppOptions<T>): ResolvedAppOptions<T> {
  refuseUnknown(options, NAMES);
  const {
    sessionBackend,
    sessions,
    limits,
    sockets,
    trustProxy,
    exclusive,
    idle,
    outlive,
    csrf = true,
    signIn,
    ...session
  } = options;
  for (const [name, requests] of Object.entries({ exclusive, idle, outlive })) {
    if (requests !== undefined && typeof requests !== "function" && !Array.isArray(requests))
      throw new ConfigError(name, "Must be an array of method names or a function.");
  }
  const resolved = {
    limits: resolveLimits(limits),
    sockets: resolveSocketOptions(sockets),
    trust: resolveTrust(trustProxy),
    exclusive,
    idle,
    outlive,
    csrf,
    signIn,
  };
  if (sessions !== undefined) {
    const others = { sessionBackend, ...session };
    const other = Object.keys(others).find((name) => others[name as keyof typeof others] !== undefined);
    if (other !== undefined)
      throw new ConfigError(other, "Cannot be combined with `sessions`. Pass it to createSessions.");
    return { ...resolved, sessions, ownsSessions: false };
  }
  return {
    ...resolved,
    sessions: createSessions<T>({ ...session, trustProxy, backend: sessionBackend }),
    ownsSessions: true,
  };
}

/** Decides about a request by it and the name of its route, if there is one. */
export type RequestTest = (request: AppRequest, route: string | undefined) => boolean;

/** Returns the test of an option that selects requests, if any. Throws ConfigError for a method that is not a route. */
export function requestTest<T extends object>(
  option: "exclusive" | "idle" | "outlive",
  requests: Requests<T> | undefined,
  routes: RouteTable,
): RequestTest | undefined {
  if (requests === undefined) return undefined;
  if (typeof requests === "function") return requests as (request: AppRequest) => boolean;
  for (const name of requests) {
    if (routes.has(name)) continue;
    const near = nearest(name, [...routes.keys()]);
    const hint = near === undefined ? "" : ` Did you mean \`${near}\`?`;
    throw new ConfigError(option, `${name} is not a route of this App.${hint}`);
  }
  const names = new Set(requests);
  return (_request, route) => route !== undefined && names.has(route);
}
