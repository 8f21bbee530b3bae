import type { Registered, Session } from "../core/register.ts";
import type { ExpressSessionMembers } from "../facades/express.ts";
import type { Declared, HasSession, OtherName } from "./_registered.ts";

/** `req.session`: plain data to read and write, with the methods that other libraries call. */
export type ExpressSession<T extends object = Registered> = Session<T> & ExpressSessionMembers;

/**
 * The properties of a request if the session is named `session`. Assigning replaces the data; `{}` and null end the
 * session.
 */
export interface HasExpressSession<T extends object = Registered> extends HasSession<T, ExpressSession<T>> {
  /** The same as `session.id`: a public name. It gives no access. */
  readonly sessionID: string;
}

/** What `Register` says of every request to Express. What another library declares as `req.session` stands. */
export type RegisteredRequest = Declared<
  (false extends IsUnknown<TheirStore> | IsUnknown<TheirRequest> ? object : HasExpressSession) & {
    [K in OtherName]: ExpressSession<Registered<K>>;
  }
>;

// biome-ignore lint/suspicious/noTsIgnore: there is an error only where the types are not.
/** @ts-ignore: only @types/express-session has this name. */
type TheirStore = Express.SessionStore;
// biome-ignore lint/suspicious/noTsIgnore: there is an error only where the types are not.
/** @ts-ignore: only @types/cookie-session has this name. */
type TheirRequest = CookieSessionInterfaces.CookieSessionRequest;

/** True for a name that nothing declares: it means `any`. */
type IsUnknown<T> = [0] extends [1 & T] ? true : false;

declare global {
  namespace Express {
    interface Request extends RegisteredRequest {}
  }
}
