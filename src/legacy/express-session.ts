import { type CallbackStore, checkStore, removed, stored } from "./_callback-store.ts";
import { dataOf, lifetimeOf } from "./_data.ts";
import { fingerprintsOf } from "./_fingerprint.ts";
import type { LegacyReader } from "./_reader.ts";
import { type LegacyCookieOptions, removalLine } from "./_removal.ts";
import { type LegacySecret, proofBy, secretsOf, unsigned } from "./_signature.ts";
import { decodedValues } from "./_values.ts";

/** The options that express-session was given; what is not listed here is not needed, and may be there. */
export interface ExpressSessionLegacyOptions {
  /** One, or all that it accepts, in any order. */
  readonly secret: LegacySecret | readonly LegacySecret[];
  readonly store: CallbackStore;
  /** Default `connect.sid`. */
  readonly name?: string | undefined;
  readonly cookie?: LegacyCookieOptions | undefined;
}

/**
 * Sessions of express-session (tested with 1.19) in its own store, of whatever make. The store says which have expired,
 * as it does for the library. What moves is the data without `cookie`; a session whose cookie had a `maxAge` keeps that
 * as its idle timeout, and a cookie that outlives the browser. The old record is destroyed.
 * Throws ConfigError that names the option.
 */
export function expressSessionLegacy(options: ExpressSessionLegacyOptions): LegacyReader {
  const { name = "connect.sid" } = options;
  const secrets = secretsOf("secret", options.secret);
  const store = checkStore(options.store);
  return {
    removal: [removalLine(name, options.cookie)],
    find: (header) =>
      decodedValues(header, name).flatMap((value) => {
        const sid = value.startsWith("s:") ? unsigned(value.slice(2), secrets, "sha256") : undefined;
        if (sid === undefined) return [];
        return {
          ...fingerprintsOf("express-session", sid, proofBy(secrets, sid)),
          async read() {
            const session = await stored(store, sid);
            // The store session-file-store adds the last of these.
            const data = dataOf(session, ["cookie", "__lastAccess"]);
            if (data === undefined) return undefined;
            const { cookie } = session as { cookie?: { originalMaxAge?: unknown } | null };
            return { data, lifetime: lifetimeOf(cookie?.originalMaxAge) };
          },
          end: () => removed(store, sid),
        };
      }),
  };
}
