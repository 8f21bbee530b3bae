import { setKey } from "../core/session.ts";

/** Copies data that a test gives into a session. Throws TypeError, naming `where`, for anything but an object of keys. */
export function fill(where: string, session: object, data: object): void {
  if (typeof data !== "object" || data === null || Array.isArray(data))
    throw new TypeError(`${where}: pass the session's data as an object, such as { visits: 1 }.`);
  for (const [key, value] of Object.entries(data)) setKey(session, key, value);
}
