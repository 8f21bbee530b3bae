import type { Registered, Session } from "../core/register.ts";
import type { KoaSessionMembers } from "../facades/koa.ts";
import type { Declared, HasSession, OtherName } from "./_registered.ts";

/** `ctx.session`: plain data to read and write, with the methods that other libraries call. */
export type KoaSession<T extends object = Registered> = Session<T> & KoaSessionMembers;

/** What `Register` says of every context of Koa. */
export type RegisteredContext = Declared<
  HasSession<Registered, KoaSession> & { [K in OtherName]: KoaSession<Registered<K>> }
>;

// biome-ignore lint/suspicious/noTsIgnore: there is an error only where these types are not.
/** @ts-ignore: Koa has its types in @types/koa. Without these, there is nothing to declare. */
declare module "koa" {
  interface DefaultContext extends RegisteredContext {}
}
