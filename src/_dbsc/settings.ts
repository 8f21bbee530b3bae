import { type Duration, secondsOf } from "../duration.ts";
import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { pathMatcher } from "../visit/path.ts";
import { ALGORITHMS, type Algorithm } from "./key.ts";

/** How sessions are bound to browsers. Durations are seconds, or texts such as `"10m"`. */
export interface DbscOptions {
  /**
   * What a sign-in is worth whose browser has shown no key. `prefer` (default): as much as without this option. `shorten`: it
   * lasts for `unboundLife`. `require`: it lasts for the minute that a browser has to show its key.
   */
  policy?: "prefer" | "require" | "shorten" | undefined;
  /** How long a short cookie lives. Default 10 minutes, at least 1 s; browsers limit how often they sign. */
  life?: Duration | undefined;
  /** How long a sign-in without a key lasts with the policy `shorten`. Default 1 hour, at least 1 minute. */
  unboundLife?: Duration | undefined;
  /**
   * Which paths ask for the proof: paths (`/pay`), or everything below one (`/account/*`). Elsewhere a bound session may be
   * used without its short cookie, which the browser renews all the same. Default: all of them.
   */
  paths?: readonly string[] | undefined;
  /** The path of the endpoint that answers browsers. It must be below `cookie.path`. Default `/.micropie/dbsc` below that. */
  endpoint?: string | undefined;
  /** Which keys are taken. Default `["ES256", "RS256"]`. */
  algorithms?: readonly Algorithm[] | undefined;
}

/** The options, checked, with every default filled in. */
export interface DbscSettings {
  readonly life: number;
  /** Seconds since the sign-in for which a session without a key is used. */
  readonly unboundLife: number;
  readonly isElsewhere: ((path: string) => boolean) | undefined;
  readonly endpoint: string | undefined;
  readonly algorithms: readonly Algorithm[];
}

/** Seconds that a browser has to show its key, after a sign-in that needs one. */
const SETTLING = 60;

const NAMES: Record<keyof DbscOptions, true> = {
  policy: true,
  life: true,
  unboundLife: true,
  paths: true,
  endpoint: true,
  algorithms: true,
};

/** The names of the options of `dbsc`. */
export const DBSC_OPTIONS: readonly string[] = Object.keys(NAMES);

/** Checks every option and fills in the defaults. Throws ConfigError naming the option. */
export function resolveDbsc(options: DbscOptions): DbscSettings {
  refuseUnknown(options, DBSC_OPTIONS, "bound.");
  const { policy = "prefer", paths, endpoint, algorithms = ALGORITHMS } = options;
  if (!["prefer", "require", "shorten"].includes(policy))
    throw new ConfigError("bound.policy", 'Pass "prefer", "require" or "shorten".');
  if (options.unboundLife !== undefined && policy !== "shorten")
    throw new ConfigError("bound.unboundLife", 'Needs the policy "shorten".');
  if (endpoint !== undefined && (typeof endpoint !== "string" || !/^\/[\w\-.~/]*$/.test(endpoint)))
    throw new ConfigError("bound.endpoint", 'Give a path that begins with "/", such as /session/device.');
  const isKnown = Array.isArray(algorithms) && algorithms.every((each) => ALGORITHMS.includes(each));
  if (!isKnown || algorithms.length === 0)
    throw new ConfigError("bound.algorithms", 'Pass "ES256", "RS256", or both, in an array.');
  const asks = paths === undefined ? undefined : pathMatcher("bound.paths", paths);
  const lives = { prefer: Infinity, require: SETTLING };
  const shortened = secondsOf("bound.unboundLife", options.unboundLife, 3600, SETTLING);
  return {
    life: secondsOf("bound.life", options.life, 600, 1),
    unboundLife: policy === "shorten" ? shortened : lives[policy],
    isElsewhere: asks && ((path) => !asks(path)),
    endpoint,
    algorithms,
  };
}
