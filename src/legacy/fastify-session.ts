import { type CallbackStore, checkStore, removed, stored } from "./_callback-store.ts";
import { dataOf, lifetimeOf } from "./_data.ts";
import { fingerprintsOf } from "./_fingerprint.ts";
import type { LegacyReader } from "./_reader.ts";
import { type LegacyCookieOptions, removalLine } from "./_removal.ts";
import { checkAlgorithm, type LegacySecret, proofBy, secretsOf, unsigned } from "./_signature.ts";
import { decodedValues } from "./_values.ts";

/** The options that @fastify/session was given; what is not listed here is not needed, and may be there. */
export interface FastifySessionLegacyOptions {
  /** One, or all that it accepts, in any order. A signer of your own cannot be taken. */
  readonly secret: LegacySecret | readonly LegacySecret[];
  /** Its own default is a store in the memory of the old process, which nothing can be moved from. */
  readonly store: CallbackStore;
  /** Default `sessionId`. */
  readonly cookieName?: string | undefined;
  /** Default none. */
  readonly cookiePrefix?: string | undefined;
  /** Default `sha256`. */
  readonly algorithm?: string | undefined;
  readonly cookie?: (LegacyCookieOptions & { readonly expires?: Date | number | undefined }) | undefined;
}

interface StoredCookie {
  readonly expires?: string | number | Date | null;
  readonly originalMaxAge?: unknown;
}

/**
 * Sessions of @fastify/session (tested with 11.1) in its own store. A session whose cookie has expired by what is stored
 * is refused, as the library does. What moves is the data without `cookie`; a session whose cookie had a `maxAge` keeps
 * that as its idle timeout, and a cookie that outlives the browser. The old record is destroyed.
 * Throws ConfigError that names the option.
 */
export function fastifySessionLegacy(options: FastifySessionLegacyOptions): LegacyReader {
  const { cookieName = "sessionId", cookiePrefix = "" } = options;
  const secrets = secretsOf("secret", options.secret);
  const algorithm = checkAlgorithm(options.algorithm ?? "sha256");
  const store = checkStore(options.store);
  return {
    removal: [removalLine(cookieName, options.cookie)],
    find: (header) =>
      decodedValues(header, cookieName).flatMap((value) => {
        const sid = value.startsWith(cookiePrefix)
          ? unsigned(value.slice(cookiePrefix.length), secrets, algorithm)
          : undefined;
        if (sid === undefined) return [];
        return {
          ...fingerprintsOf("@fastify/session", sid, proofBy(secrets, sid)),
          async read() {
            const session = await stored(store, sid);
            const data = dataOf(session, ["cookie", "sessionId", "encryptedSessionId"]);
            if (data === undefined) return undefined;
            const cookie = { expires: options.cookie?.expires, ...cookieOf(session) };
            if (cookie.expires && new Date(cookie.expires).getTime() <= Date.now()) return undefined;
            return { data, lifetime: lifetimeOf(cookie.originalMaxAge) };
          },
          end: () => removed(store, sid),
        };
      }),
  };
}

/** The memory store holds objects with a method that says what others hold. */
function cookieOf(session: unknown): StoredCookie | undefined {
  const { cookie } = session as { cookie?: (StoredCookie & { toJSON?: () => StoredCookie }) | null };
  return typeof cookie?.toJSON === "function" ? cookie.toJSON() : (cookie ?? undefined);
}
