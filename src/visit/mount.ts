import type { SessionData } from "../backends/backend.ts";
import type { LoadOptions } from "../core/live.ts";
import type { SessionKind } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { type Endpoint, endpointOf } from "../core/told.ts";
import type { Trust } from "../core/trust-proxy.ts";
import { AccessError, ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { type Csrf, type CsrfOptions, resolveCsrf } from "./cross-site.ts";
import { isBelow, pathIn, pathMatcher } from "./path.ts";
import { printError } from "./printed.ts";
import { resolveSignIn, type SignIn } from "./sign-in.ts";

/** The options that all adapters have. `Req` is what the framework gives to a handler, `As` the type of `as`. */
export interface UseOptions<Req, As extends string = string> {
  /**
   * The name of the property that has the session. Each of several sessions needs its own name. Default `session`.
   */
  as?: As | undefined;
  /** Which requests use their session exclusively; see `exclusive`. Default: none. */
  exclusive?: boolean | ((req: Req) => boolean) | undefined;
  /**
   * Which requests come by themselves, without their user, such as those of a poll. They see the session and do not
   * move its idle deadline, unless they write. Default: none. A prefetch (`Sec-Purpose: prefetch`) always is one.
   */
  idle?: ((req: Req) => boolean) | undefined;
  /**
   * Which requests have no session: paths (`/health`), everything below a path (`/assets/*`), or a function. Paths are
   * compared decoded, with their dot segments resolved. Their session is empty, there is no call to the store, the response gets no headers, and writing throws StateError
   * `read_only`. Default: none.
   */
  skip?: readonly string[] | ((req: Req) => boolean) | undefined;
  /**
   * Whether requests that change something are refused if a page of another site sent them: anything but GET, HEAD and OPTIONS,
   * judged by `Sec-Fetch-Site` and `Origin` before the session is loaded. They are a 403, AccessError `cross_site`. `{ trust:
   * ["https://app.example.com"] }` lists origins that may. Requests in `skip` are not judged. Default false.
   */
  csrf?: boolean | CsrfOptions | undefined;
  /**
   * Where users sign in: a path, or a function that returns one for what was asked. With it, the adapter itself answers when
   * `requireUser` or `requireFresh` of `micropie/guards` has thrown and the answer would be an error: a browser that asked for a
   * page is sent there, with the page to return to in the query as `back`; everything else gets a 401 in JSON. Default: none.
   */
  signIn?: SignIn | undefined;
}

/** The options of adapters that report errors themselves. */
export interface MountOptions<Req, As extends string = string> extends UseOptions<Req, As> {
  /** Called with each error that no error handler of the framework gets. Default: prints it with
   * `console.error`, each kind at most once in ten seconds, then how many more there were. */
  onError?: ((error: unknown, req: Req) => void) | undefined;
}

/** Sessions with the options of an adapter, checked. */
export interface Mount<Req = never> {
  readonly sessions: Sessions<SessionData>;
  readonly as: string;
  /** The value of Vary for a response whose handler looked at the session. */
  readonly vary: string;
  /** Whether every response has it. */
  readonly varies: boolean;
  /** How each request loads its session if `wants` is undefined. */
  readonly usual: LoadOptions | undefined;
  /** Returns how a request loads its session. Undefined if all requests load it the same way. */
  readonly wants: ((req: Req) => LoadOptions | undefined) | undefined;
  readonly isIdle: ((req: Req) => boolean) | undefined;
  /** Returns true for a request to which a browser sends no cookie of this path. Undefined if there is none. */
  readonly isOutside: ((req: Req) => boolean) | undefined;
  /** How such a request loads its session. */
  readonly outside: LoadOptions;
  /** Returns the client's address as the framework tells it. Undefined if it tells none. */
  readonly addressOf: ((req: Req) => string | undefined) | undefined;
  /** Which proxies are trusted to say it. */
  readonly trust: Trust | undefined;
  /** Returns the page that the client router of the framework asks for; undefined for any other request. */
  readonly routed: ((req: Req) => string | undefined) | undefined;
  readonly csrf: Csrf | undefined;
  readonly signIn: SignIn | undefined;
  readonly onError: (error: unknown, req: Req) => void;
  /** What answers browsers that bind a session; undefined if nothing does. */
  readonly endpoint: Endpoint | undefined;
}

interface MountSettings<Req> {
  /** The class of the session objects. */
  readonly kind?: SessionKind;
  /** The options that the adapter has besides `csrf` and `signIn`. Default: all of `MountOptions`. */
  readonly names?: readonly string[];
  /** Returns false for a request that nobody sent, as in a build; it has no session. */
  readonly isAsked?: (req: Req) => boolean;
  /** Returns the address of the client, as the framework and its own settings of proxies tell it. */
  readonly addressOf?: ((req: Req) => string | undefined) | undefined;
  /** Which proxies are trusted to say it. Default: the option `trustProxy` of the sessions. */
  readonly trust?: Trust | undefined;
  /** Returns the page, with its query, that the client router of the framework asks for; undefined for any other request. */
  readonly routed?: (req: Req) => string | undefined;
}

/**
 * Returns the options of an adapter, checked. `urlOf` returns the URL or the target of a request. Throws
 * ConfigError that names an invalid option, and `sessions` for anything that createSessions did not make.
 */
export function mountOf<Req>(
  sessions: Pick<Sessions, "options">,
  options: MountOptions<Req>,
  urlOf: (req: Req) => string,
  {
    kind,
    names = ["as", "exclusive", "idle", "skip", "onError"],
    isAsked,
    addressOf,
    trust,
    routed,
  }: MountSettings<Req> = {},
): Mount<Req> {
  if (typeof (sessions as Partial<Sessions> | undefined)?.load !== "function")
    throw new ConfigError("sessions", "Pass what createSessions returns.");
  refuseUnknown(options, [...names, "csrf", "signIn"]);
  const { as = "session", exclusive = false, idle, skip, onError = printError } = options;
  if (typeof as !== "string" || as === "") throw new ConfigError("as", "Pass a name, such as adminSession.");
  if (typeof exclusive !== "boolean" && typeof exclusive !== "function")
    throw new ConfigError("exclusive", "Pass true, false, or a function of the request.");
  if (idle !== undefined && typeof idle !== "function")
    throw new ConfigError("idle", "Pass a function of the request.");
  const isSkipped = skip === undefined || typeof skip === "function" ? skip : skipOf(skip, urlOf);
  const shared: LoadOptions = { adapter: true, kind };
  const alone: LoadOptions = { ...shared, exclusive: true };
  const none: LoadOptions = { ...shared, skip: true };
  const unsent: LoadOptions = { ...shared, skip: "unsent" };
  const isAlone = typeof exclusive === "function" ? exclusive : () => exclusive;
  if (typeof onError !== "function")
    throw new ConfigError("onError", "Pass a function of the error and the request.");
  const { tokenHeader: header, cookie } = sessions.options;
  return {
    sessions: sessions as Sessions<SessionData>,
    as,
    addressOf,
    trust: trust ?? sessions.options.trustProxy,
    routed,
    varies: false,
    vary: header === undefined ? "Cookie" : `Cookie, ${header}`,
    usual: exclusive === true ? alone : shared,
    isIdle: idle,
    outside: { ...shared, skip: "outside" },
    isOutside: cookie.path === "/" ? undefined : (req) => !isBelow(cookie.path, urlOf(req)),
    wants:
      isSkipped === undefined && isAsked === undefined && typeof exclusive === "boolean"
        ? undefined
        : (req) =>
            isAsked?.(req) === false ? unsent : isSkipped?.(req) ? none : isAlone(req) ? alone : shared,
    csrf: resolveCsrf(options.csrf),
    signIn: resolveSignIn(options.signIn),
    // What a request may not do is its answer, and no fault of the application.
    onError: (error, req) => (error instanceof AccessError ? undefined : onError(error, req)),
    endpoint: endpointOf(sessions),
  };
}

/**
 * Returns true if the two are the same. Throws ConfigError if they are not, and share a name, a cookie or a header.
 */
export function isSame(one: Mount, { sessions, as }: Mount): boolean {
  if (one.sessions === sessions && one.as === as) return true;
  if (one.sessions === sessions || one.as === as)
    throw new ConfigError("as", `Sessions are mounted twice: this request has "${one.as}" already.`);
  const { cookie, tokenHeader: header } = sessions.options;
  if (one.sessions.options.cookie.name === cookie.name)
    throw new ConfigError("cookie.name", `"${as}" needs a cookie of another name than "${one.as}".`);
  if (header !== undefined && one.sessions.options.tokenHeader === header)
    throw new ConfigError("tokenHeader", `"${as}" needs a header of another name than "${one.as}".`);
  return false;
}

function skipOf<Req>(paths: readonly string[], urlOf: (req: Req) => string): (req: Req) => boolean {
  const isAmong = pathMatcher("skip", paths);
  return (req) => isAmong(pathIn(urlOf(req)));
}
