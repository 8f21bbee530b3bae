import { ConfigError } from "../errors.ts";
import { dataOf, fromBase64, lifetimeOf } from "./_data.ts";
import { fingerprintsOf } from "./_fingerprint.ts";
import { type LegacyKeys, proofOf, signedValues, signersOf } from "./_keygrip.ts";
import type { LegacyReader } from "./_reader.ts";
import { type LegacyCookieOptions, removalLine } from "./_removal.ts";

/** The options that cookie-session was given; what is not listed here is not needed, and may be there. */
export interface CookieSessionLegacyOptions extends LegacyCookieOptions {
  /** The keys, or its Keygrip. */
  readonly keys?: LegacyKeys | undefined;
  /** The only key, if there are no `keys`. */
  readonly secret?: string | undefined;
  /** Only true, the default: anybody can write a cookie that is not signed. */
  readonly signed?: boolean | undefined;
  /** Default `session`. */
  readonly name?: string | undefined;
  /** Milliseconds. Becomes the idle timeout of what moves, and its cookie outlives the browser. */
  readonly maxAge?: number | undefined;
  /**
   * What in the data no other session has, such as a random text that you put in at sign-in; see
   * `LegacyCookie.fingerprint` for what it is good for. Default none.
   */
  readonly identity?: ((data: Record<string, unknown>) => string | undefined) | undefined;
}

/**
 * Sessions of cookie-session (tested with 2.1), which are in the cookie itself. Nothing in such a cookie says when it was
 * made, and the library takes it for ever; here it is taken until the option `until`, and not longer.
 * Throws ConfigError that names the option.
 */
export function cookieSessionLegacy(options: CookieSessionLegacyOptions): LegacyReader {
  const { name = "session", secret, identity } = options;
  if (options.signed === false)
    throw new ConfigError("signed", "Cookies without a signature prove nothing; leave them behind.");
  const signers = signersOf(options.keys ?? (secret === undefined ? undefined : [secret]));
  const lifetime = lifetimeOf(options.maxAge);
  return {
    removal: [name, `${name}.sig`].map((each) => removalLine(each, options)),
    find: (header) =>
      signedValues(header, name, signers).flatMap((value) => {
        const data = dataOf(fromBase64(value), []);
        if (data === undefined) return [];
        const id = identity?.(data);
        return {
          ...(id === undefined
            ? { fingerprint: undefined }
            : fingerprintsOf("cookie-session", id, proofOf(signers, id))),
          read: () => ({ data, lifetime }),
          end: () => {},
        };
      }),
  };
}
