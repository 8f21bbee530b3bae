import { isInRealm } from "../core/head.ts";
import { isExpired } from "../core/load.ts";
import { plain } from "../core/plain.ts";
import { storeName } from "../record/store-name.ts";
import { ENDS, type RecordedEvent } from "./event.ts";
import type { Facts } from "./facts.ts";
import type { Known } from "./known.ts";
import { type Deadlines, deadlinePassed, timeText, whyExpired } from "./sentence.ts";

/** Why a session is not live. */
export type EndCause =
  /** Its user logged out. */
  | "logged_out"
  /** A request took all of its data away. */
  | "emptied"
  /** Another session took its place in the same browser. */
  | "replaced"
  /** No request came for as long as its idle timeout. */
  | "idle"
  | "absolute"
  /** It expired, and nobody knows by which deadline. */
  | "expired"
  /** It was revoked by its handle. */
  | "revoked"
  /** All sessions of its user were. */
  | "revoked_all"
  /** Its user signed in again, and had too many. */
  | "limit"
  /** An id was used that a rotation had replaced. */
  | "reused"
  /** Its record cannot be read. */
  | "damaged"
  /** The store has lost it before its deadline, or another process has ended it. */
  | "gone"
  /** It lives on in another store, which these sessions do not ask. */
  | "moved"
  /** The store has a session of this handle in another realm. */
  | "other_realm"
  /** Nothing is known of it but that its cookie came. */
  | "unknown";

/** How a session ended, as far as that is known. */
export interface End {
  readonly because: EndCause | undefined;
  readonly at: number | undefined;
  readonly text: string;
}

/** Returns how a session that is not live ended. */
export function endIn({ record, realm, backend, events, known, now, since }: Facts): End {
  const last = events.findLast(({ event }) => ENDS.has(event));
  if (last !== undefined) return { because: causeOf(last), at: last.at, text: "It has ended." };
  if (record !== undefined && !isInRealm(record, realm)) {
    const text =
      "The store has a session with this handle in another realm, where these cookies open nothing.";
    return { because: "other_realm", at: undefined, text };
  }
  if (record !== undefined && isExpired(record)) return expired({ ...record, at: record.now }, known);
  const damaged = events.findLast(({ event }) => event === "damaged");
  if (record !== undefined || damaged !== undefined) {
    const text =
      "Its record cannot be read, so its browser has no session. The next write of the browser begins another one.";
    return { because: "damaged", at: damaged?.at, text };
  }
  const moved = events.findLast(({ event }) => event !== "unknown");
  if (moved?.event === "moved" && moved.from === storeName(backend) && moved.to !== moved.from) {
    const text = `It went on in the store ${plain(moved.to ?? "")}, which these sessions do not ask: they need MovingSessionBackend, or that store.`;
    return { because: "moved", at: moved.at, text };
  }
  if (known !== undefined && now >= known.expiresAt) return expired({ ...known, at: now }, known);
  if (known !== undefined || events.some(({ event }) => event !== "unknown")) {
    const asked = events.findLast(({ event }) => event === "unknown");
    const early =
      known === undefined ? "" : `, though it would have lived until ${timeText(known.expiresAt)}`;
    const text = `The store has no record of it any more${early}: it was evicted, deleted by hand or lost there, or another process has ended it or moved it to another store.`;
    return { because: "gone", at: asked?.at, text };
  }
  if (events.length > 0) {
    const text = "No session has this handle: it was not issued here, or its session is long gone.";
    return { because: "unknown", at: events.at(-1)?.at, text };
  }
  const text = `Nothing is known of this handle. The store has no such session, and no event named it since ${timeText(since)}.`;
  return { because: undefined, at: undefined, text };
}

function expired(passed: Deadlines, known: Known | undefined): End {
  const idleTimeout = known?.idleTimeout;
  const text = `It ended because it expired${whyExpired({ ...passed, idleTimeout })}.`;
  return { because: deadlinePassed(passed) ?? "expired", at: passed.expiresAt, text };
}

function causeOf(event: RecordedEvent): EndCause {
  if (event.event === "expired") return deadlinePassed(event) ?? "expired";
  if (event.event === "logged_out")
    return event.reason === "emptied" || event.reason === "replaced" ? event.reason : "logged_out";
  if (event.reason === "limit" || event.reason === "reused") return event.reason;
  return event.all ? "revoked_all" : "revoked";
}
