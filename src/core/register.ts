/**
 * What the sessions of this application hold, said once:
 *
 *     export const sessions = createSessions<{ visits: number }>();
 *     declare module "micropie" {
 *       interface Register { session: typeof sessions }
 *     }
 *
 * The name is that of the option `as`; more sessions are more members. From then on every adapter, `App` and `Session` know
 * it, without a cast or a type argument. With the member `"~global": false` the adapters declare nothing of their
 * frameworks: for where something else declares another `session`, and the compiler checks declaration files too.
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications add to it.
export interface Register {}

/** Data that nobody has described: every key may hold anything. */
// biome-ignore lint/suspicious/noExplicitAny: this is what an undescribed dictionary is.
export type AnyData = Record<string, any>;

/** The data of a `Sessions`, or a data type that was registered itself. */
export type DataOf<S> = S extends { readonly "~data"?: infer T extends object }
  ? T
  : S extends object
    ? S
    : never;

/** What `Register` says of the sessions under a name, or data that nobody has described. */
export type Registered<Name extends string = "session"> = Register extends { [K in Name]: infer S }
  ? DataOf<S>
  : AnyData;

declare const WHOLE: unique symbol;

/** Data of which a schema fills in what is missing, so that no read is undefined. */
export type Whole<T extends object> = T & { readonly [WHOLE]?: T };

/** Nothing for most data; all of it, if a schema fills in what is missing. */
type Filled<T> = T extends { readonly [WHOLE]?: infer All } ? (unknown extends All ? unknown : All) : unknown;

/** Data of which each key may be missing. */
export type Loose<T extends object> = { [K in keyof T]?: T[K] };

/** Nothing but a session of ours may be passed where one is meant: a copy, for example, is no session. */
declare class ShownBrand {
  #shown: never;
}
declare class SessionBrand extends ShownBrand {
  #session: never;
}

/**
 * The data of a session: a plain dictionary to read and write, nested values included; what changed is stored at the
 * end of the request. Any read may be undefined, unless a schema fills in what is missing. No key is reserved: `__proto__`
 * and `constructor` are data too.
 */
export type Session<T extends object = Registered> = Loose<T> & Filled<T> & SessionBrand;

/** A session to be looked at: `info` takes it, the verbs that write do not. */
export type ReadonlySession<T extends object = Registered> = Readonly<Loose<T>> &
  Readonly<Filled<T>> &
  ShownBrand;

/** What the verbs take: any session of ours, or what the types of express-session or @fastify/session say of one. */
export type AnySession = SessionBrand | ForeignSession;

/** What may be looked at. */
export type AnyShown = AnySession | ShownBrand;

/** A session as @types/express-session and @fastify/session declare it; what is under this name may be one of ours. */
interface ForeignSession {
  readonly cookie: { originalMaxAge: number | null };
  // biome-ignore lint/suspicious/noExplicitAny: that is how it is declared there.
  regenerate(callback: (error: any) => void): unknown;
}
