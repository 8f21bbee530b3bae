import { createSessions, type SessionBackend, type Sessions } from "micropie";

/** What a session holds. Who is signed in is not part of it: `info(session).userId` has that. */
export interface SessionData {
  /** What the browser said of itself when its user signed in. */
  device: string;
}

/** The sessions of this site. */
export type SiteSessions = Sessions<SessionData>;

/** Where sessions are stored, and how to let go of it. */
export interface Store {
  readonly backend: SessionBackend;
  close(): Promise<void>;
}

// Types the session of every request, and `Session` without a type argument.
declare module "micropie" {
  interface Register {
    session: SiteSessions;
  }
}

/** Returns the sessions that a store holds. */
export function openSessions({ backend }: Store): SiteSessions {
  // In production the name begins with "__Host-", so that no other host can set this cookie.
  const prefix = process.env.NODE_ENV === "production" ? "__Host-" : "";
  return createSessions<SessionData>({ backend, cookie: { prefix } });
}
