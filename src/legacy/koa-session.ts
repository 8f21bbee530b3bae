import type { Awaitable } from "../backends/backend.ts";
import { findValues } from "../core/token.ts";
import { ConfigError } from "../errors.ts";
import { dataOf, fromBase64, lifetimeOf } from "./_data.ts";
import { fingerprintsOf } from "./_fingerprint.ts";
import { type KeygripLike, type LegacyKeys, proofOf, signedValues, signersOf } from "./_keygrip.ts";
import type { LegacyCookie, LegacyData, LegacyReader } from "./_reader.ts";
import { type LegacyCookieOptions, removalLine } from "./_removal.ts";

/** What a reader needs of a store of koa-session. */
export interface KoaSessionStore {
  get(key: string, maxAge: number | undefined, options: { rolling: boolean; ctx: undefined }): unknown;
  destroy(key: string, options: { ctx: undefined }): unknown;
}

/** The options that koa-session was given, and `keys`; what is not listed here is not needed, and may be there. */
export interface KoaSessionLegacyOptions extends LegacyCookieOptions {
  /** `app.keys`. Needed unless `signed` is false. */
  readonly keys?: LegacyKeys | undefined;
  /** Default true. Without a store, cookies that are not signed are never taken: anybody can write one. */
  readonly signed?: boolean | undefined;
  /** The name of the cookie, default `koa.sess`. */
  readonly key?: string | undefined;
  /** Default none: the session is in the cookie. */
  readonly store?: KoaSessionStore | undefined;
  readonly maxAge?: number | "session" | undefined;
  /** Default base64 of JSON. Without a store only. */
  readonly decode?: ((text: string) => unknown) | undefined;
  /**
   * What in the data no other session has, such as a random text that you put in at sign-in. Without a store only;
   * see `LegacyCookie.fingerprint` for what it is good for. Default none.
   */
  readonly identity?: ((data: Record<string, unknown>) => string | undefined) | undefined;
}

const BOOKKEEPING = ["_expire", "_maxAge", "_session"];

/**
 * Sessions of koa-session (tested with 7.0), in its own store or in the cookie itself. `_expire` is judged as the library
 * does it. What moves is the data without its bookkeeping; the session keeps its `_maxAge` as its idle timeout, and a
 * cookie that outlives the browser. The old record is destroyed. An `externalKey` cannot be taken over, and neither can
 * a `ContextStore`. Throws ConfigError that names the option.
 */
export function koaSessionLegacy(options: KoaSessionLegacyOptions): LegacyReader {
  const { key: name = "koa.sess", store, signed = true } = options;
  if (store === undefined && !signed)
    throw new ConfigError(
      "signed",
      "Cookies without a store and a signature prove nothing; leave them behind.",
    );
  if (store !== undefined && (typeof store?.get !== "function" || typeof store.destroy !== "function"))
    throw new ConfigError(
      "store",
      "Give the store that koa-session was given: an object with get and destroy.",
    );
  const signers = signed ? signersOf(options.keys) : undefined;
  const names = signed ? [name, `${name}.sig`] : [name];
  const take = store === undefined ? inCookie(options, signers ?? []) : inStore(store, options, signers);
  return {
    removal: names.map((each) => removalLine(each, options)),
    find(header) {
      const found = signers === undefined ? bareValues(header, name) : signedValues(header, name, signers);
      return found.flatMap((each) => take(each) ?? []);
    },
  };
}

type Take = (value: string) => LegacyCookie | undefined;

function inStore(
  store: KoaSessionStore,
  { maxAge }: KoaSessionLegacyOptions,
  signers: readonly KeygripLike[] | undefined,
): Take {
  const given = typeof maxAge === "number" ? maxAge : undefined;
  return (value) => ({
    ...fingerprintsOf("koa-session", value, signers && proofOf(signers, value)),
    read: async () => legacyData(await store.get(value, given, { rolling: false, ctx: undefined })),
    end: async () => void (await store.destroy(value, { ctx: undefined })),
  });
}

function inCookie(
  { decode = fromBase64, identity }: KoaSessionLegacyOptions,
  signers: readonly KeygripLike[],
): Take {
  return (value) => {
    const found = legacyData(attempt(() => decode(value)));
    if (found === undefined) return undefined;
    const id = identity?.(found.data);
    return {
      ...(id === undefined
        ? { fingerprint: undefined }
        : fingerprintsOf("koa-session", id, proofOf(signers, id))),
      read: (): Awaitable<LegacyData> => found,
      end: () => {},
    };
  };
}

function legacyData(stored: unknown): LegacyData | undefined {
  const data = dataOf(stored, BOOKKEEPING);
  if (data === undefined) return undefined;
  const { _expire, _maxAge } = stored as { _expire?: unknown; _maxAge?: unknown };
  if (typeof _expire === "number" && _expire < Date.now()) return undefined;
  return { data, lifetime: lifetimeOf(_maxAge) };
}

function attempt(decode: () => unknown): unknown {
  try {
    return decode();
  } catch {
    return undefined;
  }
}

function bareValues(header: string, name: string): string[] {
  return findValues(header, name).filter((value) => value !== "");
}
