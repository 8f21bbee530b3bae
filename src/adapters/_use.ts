import type { SessionData } from "../backends/backend.ts";
import type { LoadOptions } from "../core/load.ts";
import type { SessionKind } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";

/** What every adapter lets its user choose. `Req` is what the framework hands to a handler. */
export interface UseOptions<Req> {
  /** The name under which a request has its session, so that there can be several. Default `session`. */
  as?: string;
  /** Which requests have their session alone among those that ask for it (see `exclusive`). Default: none. */
  exclusive?: boolean | ((req: Req) => boolean);
  /**
   * Which requests do without: paths (`/health`), all below one (`/assets/*`), or a function. Their session is empty, the
   * store is not asked, nothing is added to the answer, and writing throws StateError `read_only`. Default: none.
   */
  skip?: readonly string[] | ((req: Req) => boolean);
}

/** The same, checked. */
export interface Use<Req> {
  readonly as: string;
  /** How this request wants its session. */
  wants(req: Req): LoadOptions | undefined;
}

/** Throws ConfigError, naming the option. `pathOf` answers the path that the client asked for, without the query. */
export function resolveUse<Req>(
  { as = "session", exclusive = false, skip }: UseOptions<Req>,
  pathOf: (req: Req) => string,
  kind?: SessionKind,
): Use<Req> {
  if (typeof as !== "string" || as === "") throw new ConfigError("as", "Give a name, such as adminSession.");
  if (typeof exclusive !== "boolean" && typeof exclusive !== "function")
    throw new ConfigError("exclusive", "Give true, false, or a function of the request.");
  const ordinary: LoadOptions | undefined = kind === undefined ? undefined : { kind };
  const alone: LoadOptions = { ...ordinary, exclusive: true };
  const without: LoadOptions = { ...ordinary, skip: true };
  const isSkipped =
    skip === undefined ? undefined : typeof skip === "function" ? skip : matcher(skip, pathOf);
  return {
    as,
    wants(req) {
      if (isSkipped?.(req)) return without;
      return (typeof exclusive === "function" ? exclusive(req) : exclusive) ? alone : ordinary;
    },
  };
}

/** Sessions in their place on a request. */
export interface Mounted {
  readonly sessions: Sessions<SessionData>;
  readonly as: string;
}

/**
 * Whether two are the same, so that one is enough. Throws ConfigError if they have a name, a cookie or a header in
 * common, as one would then be taken for the other.
 */
export function isSame(one: Mounted, { sessions, as }: Mounted): boolean {
  if (one.sessions === sessions && one.as === as) return true;
  if (one.sessions === sessions || one.as === as)
    throw new ConfigError("as", `Sessions are mounted twice: this request has "${one.as}" already.`);
  const { cookie, header } = sessions.options;
  if (one.sessions.options.cookie.name === cookie.name)
    throw new ConfigError("cookie.name", `"${as}" needs a cookie of another name than "${one.as}".`);
  if (header !== undefined && one.sessions.options.header === header)
    throw new ConfigError("header", `"${as}" needs a header of another name than "${one.as}".`);
  return false;
}

function matcher<Req>(paths: readonly string[], pathOf: (req: Req) => string): (req: Req) => boolean {
  const exact = new Set<string>();
  const below: string[] = [];
  for (const path of Array.isArray(paths) ? (paths as string[]) : [""]) {
    if (typeof path !== "string" || !path.startsWith("/") || path.slice(0, -1).includes("*"))
      throw new ConfigError(
        "skip",
        'Give paths that begin with "/"; a "*" may stand at the end, as in "/assets/*".',
      );
    if (path.endsWith("*")) below.push(path.slice(0, -1));
    else exact.add(path);
  }
  return (req) => {
    const path = pathOf(req);
    return exact.has(path) || below.some((start) => path.startsWith(start));
  };
}

/** The path of a request target or a URL, without the query. */
export function pathIn(url: string): string {
  const start = url.startsWith("/") ? 0 : Math.max(0, url.indexOf("/", url.indexOf("://") + 3));
  const query = url.indexOf("?", start);
  return query === -1 ? url.slice(start) : url.slice(start, query);
}
