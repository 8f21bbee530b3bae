import type { FastifyInstance } from "fastify";
import type { Registered, Session } from "../core/register.ts";
import type { FastifySessionMembers } from "../facades/fastify.ts";
import type { Declared, HasSession, OtherName } from "./_registered.ts";

/** `request.session`: plain data to read and write, with the methods that other plugins call. */
export type FastifySession<T extends object = Registered> = Session<T> & FastifySessionMembers<T>;

/** What `Register` says of every request to Fastify. What another plugin declares as `request.session` stands. */
export type RegisteredRequest = Declared<
  (TheirMethod & keyof FastifyInstance extends never ? HasSession<Registered, FastifySession> : object) & {
    [K in OtherName]: FastifySession<Registered<K>>;
  }
>;

/** What @fastify/session and @fastify/secure-session declare besides. */
type TheirMethod = "decryptSession" | "createSecureSession";

declare module "fastify" {
  interface FastifyRequest extends RegisteredRequest {}
}
