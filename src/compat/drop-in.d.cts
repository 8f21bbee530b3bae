import expressSession = require("express-session");

/** The types of the drop-in where modules are CommonJS; those of ES modules are made from `drop-in.ts`. */
declare function session(options?: session.SessionOptions): ReturnType<typeof expressSession>;

declare namespace session {
  /** A number of seconds, or a text such as "30m". */
  type Duration = number | `${number}${"s" | "m" | "h" | "d"}`;
  interface SessionOptions extends expressSession.SessionOptions {
    /** How long one call of the store may take. Default 5 s. */
    storeTimeout?: Duration | undefined;
    /** Whether the response that sets the cookie gets `Vary: Cookie` and `Cache-Control: no-store`. Default true. */
    headers?: boolean | undefined;
  }
  interface MemoryStoreOptions {
    /** How many sessions there may be. Default 100,000. */
    readonly max?: number | undefined;
    /** Time without a request after which a session ends whose cookie has no `maxAge`. Default a day. */
    readonly idleTimeout?: Duration | undefined;
  }
  type SessionData = expressSession.SessionData;
  type CookieOptions = expressSession.CookieOptions;
  const Store: typeof expressSession.Store;
  type Store = expressSession.Store;
  const Session: typeof expressSession.Session;
  type Session = expressSession.Session;
  const Cookie: typeof expressSession.Cookie & (new (options?: CookieOptions) => expressSession.Cookie);
  type Cookie = expressSession.Cookie;
  const MemoryStore: typeof expressSession.MemoryStore &
    (new (
      options?: MemoryStoreOptions | undefined,
    ) => expressSession.MemoryStore);
  type MemoryStore = expressSession.MemoryStore;
}

export = session;
