import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Awaitable, SessionData } from "../backends/backend.ts";
import type { CookieFormat } from "./set-cookie.ts";
import type { Trust } from "./trust-proxy.ts";

/** The assurance levels of NIST SP 800-63B-4. */
export type Level = "aal1" | "aal2" | "aal3";

/** Returns the user's id from a session's data; null, undefined and "" mean that nobody is signed in. Numbers become texts. */
export type UserIdOf = (data: SessionData) => string | number | null | undefined;

/** The options of `createSessions`, checked, with every default filled in. Durations are in seconds. */
export interface ResolvedOptions {
  readonly cookie: CookieFormat;
  /** Who may use a token: engines of one realm share their sessions, any others are strangers. */
  readonly realm: string;
  /** In lower case. */
  readonly tokenHeader: string | undefined;
  readonly timeouts: { readonly idle: number; readonly absolute: number; readonly level: Level | undefined };
  readonly private: boolean;
  readonly touchThrottle: number;
  readonly rotationGrace: number;
  readonly onReuse: "report" | "revoke";
  readonly perUser: number | ((userId: string) => number) | undefined;
  readonly onLimit: "end-oldest" | "end-idlest" | "refuse";
  /** False: nothing of a device is stored. `address` returns what is stored of an IP address. */
  readonly device: false | { readonly address: (address: string) => string | undefined };
  readonly trustProxy: Trust | undefined;
  readonly maxBytes: number;
  readonly backendTimeout: number;
  readonly watchLease: number;
  readonly whenDown: "fail" | "anonymous";
  readonly lock: { readonly wait: number; readonly ttl: number };
  readonly schema: StandardSchemaV1<unknown, object> | undefined;
  readonly migrate: ((data: SessionData) => Awaitable<unknown>) | undefined;
  readonly userIdOf: UserIdOf | undefined;
}
