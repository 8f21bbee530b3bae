import type { Registered, Session } from "../core/register.ts";
import type { Declared, RegisteredName } from "./_registered.ts";

/**
 * What `Register` says of every context of Hono; nothing of a session that is not registered, because that would hide what
 * a chain of calls knows.
 */
export type RegisteredVariables = Declared<{ [K in RegisteredName]: Session<Registered<K>> }>;

declare module "hono" {
  interface ContextVariableMap extends RegisteredVariables {}
}
