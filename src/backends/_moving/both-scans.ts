import type { ScanOptions, ScanPage, UserSession } from "../../record/contract.ts";
import { wrongCursor } from "../_scan.ts";
import type { SessionBackend } from "../_session-backend.ts";
import { isReservation } from "./reservation.ts";

const FROM = "from.";
const TO = "to.";

/**
 * Returns a page of both stores: those of the source come first. What is moved meanwhile is on a page of the source, or it has left
 * that before its page came, and then the target has it when its pages come.
 */
export async function scanBoth(
  from: SessionBackend,
  to: SessionBackend,
  { cursor, ...options }: ScanOptions,
): Promise<ScanPage> {
  if (cursor === undefined || cursor.startsWith(FROM)) {
    const page = await from.scan({ ...options, cursor: cursor?.slice(FROM.length) });
    return {
      sessions: withoutReservations(page.sessions),
      cursor: page.cursor === undefined ? TO : FROM + page.cursor,
    };
  }
  if (!cursor.startsWith(TO)) throw wrongCursor();
  const page = await to.scan({ ...options, cursor: cursor.slice(TO.length) || undefined });
  const next = page.cursor === undefined ? undefined : TO + page.cursor;
  return { sessions: withoutReservations(page.sessions), cursor: next };
}

export function withoutReservations(sessions: readonly UserSession[]): readonly UserSession[] {
  return sessions.filter(({ record }) => !isReservation(record));
}
