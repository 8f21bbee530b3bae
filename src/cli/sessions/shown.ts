import type { Device } from "../../core/device.ts";
import type { ListedSession } from "../../core/listed.ts";
import { type Redaction, shownData } from "./data.ts";
import { isoText } from "./words.ts";

/** A session as `--json` prints it. */
export interface ShownSession {
  readonly handle: string;
  readonly userId: string | null;
  readonly createdAt: string;
  readonly signedInAt: string | null;
  readonly lastSeenAt: string;
  readonly expiresAt: string;
  readonly absoluteExpiresAt: string;
  readonly by: readonly string[];
  readonly persistent: boolean;
  readonly device: Device;
  /** Only with `--data`. */
  readonly data?: unknown;
}

/** Returns what is printed of a session: of its data nothing, unless it is asked for. */
export function shownSession(session: ListedSession, data: Redaction | undefined): ShownSession {
  const { handle, userId = null, signedInAt, by, persistent, device } = session;
  return {
    handle,
    userId,
    createdAt: isoText(session.createdAt),
    signedInAt: signedInAt === undefined ? null : isoText(signedInAt),
    lastSeenAt: isoText(session.lastSeenAt),
    expiresAt: isoText(session.expiresAt),
    absoluteExpiresAt: isoText(session.absoluteExpiresAt),
    by,
    persistent,
    device,
    ...(data === undefined ? {} : { data: shownData(session.data, data) }),
  };
}

/** Returns a device in a few words; "" if nothing is known of it. */
export function deviceText({ name, browser, platform, userAgent }: Device): string {
  if (name !== undefined) return name;
  if (browser === undefined) return userAgent ?? platform ?? "";
  return platform === undefined ? browser : `${browser} on ${platform}`;
}
