import type { AnySession } from "../core/register.ts";
import { replaceData } from "../core/session.ts";
import { startOver } from "../core/start-over.ts";
import { hasEnded } from "../core/told.ts";
import { logout } from "../core/verbs.ts";

/**
 * Assigns to the session of a request. An object replaces the data; null ends the session. An object that is assigned
 * after the session has ended begins a new session. Throws TypeError for any other value.
 */
export function assign(session: AnySession, data: object | null | undefined): void {
  if (data === null || data === undefined) {
    logout(session);
    return;
  }
  const begins = hasEnded(session) && Object.keys(data).length > 0;
  replaceData(begins ? startOver(session) : session, data);
}
