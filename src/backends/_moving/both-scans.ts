import type { ScanOptions, ScanPage, UserSession } from "../../record/contract.ts";
import { wrongCursor } from "../_scan.ts";
import type { SessionBackend } from "../_session-backend.ts";
import { isReservation } from "./reservation.ts";

const FROM = "from.";
const TO = "to.";
const AGAIN = "again.";
const PARTS = [FROM, TO, AGAIN] as const;

/**
 * Returns a page of both stores: those of the source come first. What is moved meanwhile is on a page of the source, or it has left
 * that before its page came, and then the target has it when its pages come. Those of the source come once more, because sessions may
 * move either way.
 */
export async function scanBoth(
  from: SessionBackend,
  to: SessionBackend,
  { cursor = FROM, ...options }: ScanOptions,
): Promise<ScanPage> {
  const part = PARTS.find((each) => cursor.startsWith(each));
  if (part === undefined) throw wrongCursor();
  const store = part === TO ? to : from;
  const page = await store.scan({ ...options, cursor: cursor.slice(part.length) || undefined });
  const next = part === FROM ? TO : part === TO ? AGAIN : undefined;
  return {
    sessions: withoutReservations(page.sessions),
    cursor: page.cursor === undefined ? next : part + page.cursor,
  };
}

export function withoutReservations(sessions: readonly UserSession[]): readonly UserSession[] {
  return sessions.filter(({ record }) => !isReservation(record));
}
