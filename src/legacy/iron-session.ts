import type { Lifetime } from "../core/session.ts";
import { ConfigError } from "../errors.ts";
import { dataOf } from "./_data.ts";
import { fingerprintsOf } from "./_fingerprint.ts";
import { MIN_PASSWORD, unseal } from "./_iron.ts";
import type { LegacyReader } from "./_reader.ts";
import { type LegacyCookieOptions, removalLine } from "./_removal.ts";
import { decodedValues } from "./_values.ts";

const FOURTEEN_DAYS = 1_209_600;
const MAX_CHUNKS = 4;

/** The options that iron-session was given; what is not listed here is not needed, and may be there. */
export interface IronSessionLegacyOptions {
  /** One, or several by number, of which it seals with the highest. Each has at least 32 characters. */
  readonly password: string | Readonly<Record<string, string>>;
  readonly cookieName: string;
  /** Seconds, default 14 days. Becomes the idle timeout of what moves. */
  readonly ttl?: number | undefined;
  readonly cookieOptions?: (LegacyCookieOptions & { readonly maxAge?: number | undefined }) | undefined;
  /** Whether it split large sessions over several cookies; those are then removed too. They are read in any case. */
  readonly chunk?: boolean | undefined;
}

/**
 * Sessions of iron-session (tested with 9.0), which are sealed in the cookie itself. A seal whose time is over is
 * refused, with its minute of grace. Each saving made another seal, so one that was copied earlier is a session of its
 * own, as it was. Throws ConfigError that names the option.
 */
export function ironSessionLegacy(options: IronSessionLegacyOptions): LegacyReader {
  const { cookieName: name, cookieOptions = {}, chunk } = options;
  const passwords = passwordsOf(options.password);
  if (typeof name !== "string" || name === "") throw new ConfigError("cookieName", "Give the cookie's name.");
  const chunks = Array.from({ length: MAX_CHUNKS }, (_, index) => `${name}.${index}`);
  const lifetime = lifetimeOf(options);
  return {
    removal: [name, ...(chunk ? chunks : [])].map((each) =>
      removalLine(each, { secure: true, ...cookieOptions }),
    ),
    find(header) {
      const whole = decodedValues(header, name).filter((value) => value !== "");
      const seals = whole.length > 0 ? whole : [joined(header, chunks)];
      return seals.flatMap((text) => {
        const opened = unseal(text.split("~", 1)[0]!, passwords);
        const data = dataOf(opened?.value, []);
        if (opened === undefined || data === undefined) return [];
        return {
          ...fingerprintsOf("iron-session", opened.seal),
          read: () => ({ data, lifetime }),
          end: () => {},
        };
      });
    },
  };
}

function joined(header: string, names: readonly string[]): string {
  let text = "";
  for (const name of names) {
    const part = decodedValues(header, name)[0];
    if (!part) break;
    text += part;
  }
  return text;
}

function lifetimeOf({ ttl = FOURTEEN_DAYS, cookieOptions = {} }: IronSessionLegacyOptions): Lifetime {
  const ofBrowser = "maxAge" in cookieOptions && cookieOptions.maxAge === undefined;
  if (ofBrowser) return { persistent: false };
  return { idleTimeout: ttl === 0 ? Number.POSITIVE_INFINITY : ttl, persistent: true };
}

function passwordsOf(given: IronSessionLegacyOptions["password"]): ReadonlyMap<string, string> {
  const passwords = new Map(Object.entries(typeof given === "string" ? { 1: given } : (given ?? {})));
  const good = (password: unknown): boolean =>
    typeof password === "string" && password.length >= MIN_PASSWORD;
  if (passwords.size > 0 && [...passwords.values()].every(good)) return passwords;
  throw new ConfigError("password", `Give one of at least ${MIN_PASSWORD} characters, or several by number.`);
}
