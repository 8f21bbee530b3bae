import type { Loose, Register, Registered, Session } from "../core/register.ts";

/** The names of the sessions in `Register`. */
export type RegisteredName = Exclude<keyof Register, `~${string}`>;

/** Those without the name `session`, under which every adapter has one. */
export type OtherName = Exclude<RegisteredName, "session">;

/**
 * What an adapter declares of its framework, to be inherited there, so that what others declare stands. It is nothing with
 * `interface Register { "~global": false }`.
 */
export type Declared<T extends object> = Register extends { "~global": false } ? object : T;

/** The property of a request if the session is named `session`. Assigning replaces the data; `{}` and null end it. */
export interface HasSession<T extends object = Registered, Shown = Session<T>> {
  get session(): Shown;
  set session(data: Loose<T> | null);
}

/** What `Register` says of each request, where a session has no members. */
export type RegisteredSessions = Declared<HasSession & { [K in OtherName]: Session<Registered<K>> }>;
