import type { SessionRecord } from "../backends/backend.ts";
import { decoded } from "../core/codec.ts";
import { type Device, shownDevice } from "../core/device.ts";
import { deviceIn } from "../core/device-in-head.ts";
import type { SessionEventName } from "../core/events.ts";
import { headIn, isInRealm } from "../core/head.ts";
import { ofRecord, type SessionInfo } from "../core/info.ts";
import { isExpired } from "../core/load.ts";
import { plain } from "../core/plain.ts";
import { ENDS, type RecordedEvent } from "./event.ts";
import type { Known } from "./known.ts";
import { type Deadlines, deadlinePassed, inWords, sentenceOf, whyExpired } from "./sentence.ts";

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
  /** The store has a session of this handle in another realm. */
  | "other_realm"
  /** Nothing is known of it but that its cookie came. */
  | "unknown";

/** One thing that happened. */
export interface Sentence {
  /** Seconds since 1970, on the store's clock. */
  readonly at: number;
  readonly text: string;
}

/** What became of a session. Nothing in it opens a session. */
export interface Explanation {
  readonly handle: string;
  /** `unknown`: neither the store nor the recorder has heard of it. */
  readonly state: "live" | "ended" | "unknown";
  /** Undefined if it is live, or nothing is known of it. */
  readonly because: EndCause | undefined;
  /** When it ended, or was found to have ended. */
  readonly endedAt: number | undefined;
  /** What happened, oldest first; at the end, what that means. */
  readonly sentences: readonly Sentence[];
  /** What its record tells; undefined if it is not live. */
  readonly info: (SessionInfo & { readonly lastSeenAt: number; readonly device: Device }) | undefined;
  /** All of it as a text: a line for each sentence, with its time. */
  readonly text: string;
}

/** What an explanation is made of. */
export interface Facts {
  readonly handle: string;
  readonly realm: string;
  readonly now: number;
  /** Seconds since 1970 from which on events are remembered. */
  readonly since: number;
  readonly record: SessionRecord | undefined;
  /** Oldest first. */
  readonly events: readonly RecordedEvent[];
  readonly known: Known | undefined;
}

/** Tells what became of a session. */
export function explanationOf(facts: Facts): Explanation {
  const { handle, now } = facts;
  const info = liveIn(facts);
  const end = info === undefined ? endIn(facts) : undefined;
  const told = collapsed(facts.events, info !== undefined);
  const seen = lastSeen(facts, end);
  const happened: Sentence[] = [...told];
  if (seen !== undefined) {
    const place = placeOfEnd(told);
    const before = told[place - 1]?.at ?? 0;
    // The event of what the store has just done comes a moment later.
    const at = before - seen.at < 1 ? Math.max(before, seen.at) : seen.at;
    happened.splice(place, 0, { ...seen, at });
  }
  if (info !== undefined) happened.push(...fromRecord(facts, info));
  happened.sort((one, other) => one.at - other.at);
  const sentences = [...happened, { at: now, text: info === undefined ? end!.text : liveText(facts, info) }];
  return {
    handle,
    state: info !== undefined ? "live" : end!.because === undefined ? "unknown" : "ended",
    because: end?.because,
    endedAt: end?.at,
    sentences,
    info,
    text: sentences.map(({ at, text }) => `${timeText(at)}  ${text}`).join("\n"),
  };
}

function liveIn({ handle, record, realm }: Facts): Explanation["info"] {
  if (record === undefined || isExpired(record) || !isInRealm(record, realm)) return undefined;
  const head = headIn(record.head);
  if (head === undefined || record.secretHash === "") return undefined;
  try {
    decoded(record.data);
  } catch {
    return undefined;
  }
  const about = ofRecord(handle, record, head);
  const began = about.signedInAt ?? about.createdAt ?? 0;
  const lastSeenAt = Math.max(began, record.expiresAt - head.idleTimeout);
  return { ...about, lastSeenAt, device: shownDevice(deviceIn(head)) };
}

interface End {
  readonly because: EndCause | undefined;
  readonly at: number | undefined;
  readonly text: string;
}

function endIn({ record, realm, events, known, now, since }: Facts): End {
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
  if (known !== undefined && now >= known.expiresAt) return expired({ ...known, at: now }, known);
  if (known !== undefined || events.some(({ event }) => event !== "unknown")) {
    const asked = events.findLast(({ event }) => event === "unknown");
    const early =
      known === undefined ? "" : `, though it would have lived until ${timeText(known.expiresAt)}`;
    const text = `The store has no record of it any more${early}: it was evicted, deleted by hand or lost there, or another process has ended it.`;
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

interface Told extends Sentence {
  readonly event: SessionEventName;
}

/** The sentence of each event; of one that comes again and again, how often it came. */
function collapsed(events: readonly RecordedEvent[], isLive: boolean): Told[] {
  const sentences: (Told & { times: number; until: number })[] = [];
  for (const event of events) {
    const text = sentenceOf(event, isLive);
    const before = sentences.at(-1);
    if (before?.text === text) {
      before.times += 1;
      before.until = event.at;
    } else sentences.push({ at: event.at, text, event: event.event, times: 1, until: event.at });
  }
  return sentences.map(({ at, text, event, times, until }) => ({
    at,
    event,
    text: times === 1 ? text : `${text} (${times} times, the last one at ${timeText(until)})`,
  }));
}

function lastSeen({ events, known }: Facts, end: End | undefined): Sentence | undefined {
  if (end?.because === undefined || end.because === "other_realm" || end.because === "unknown")
    return undefined;
  const last = events.findLast(({ event }) => ENDS.has(event));
  const at = last === undefined ? known?.seenAt : last.lastSeenAt;
  if (at === undefined) return undefined;
  const unused =
    known?.used === false ? ": no request has come here with its cookie since it was created" : "";
  return { at, text: `It was last seen${unused}.` };
}

/** Where what was before the end is told: of two things at the same moment, the end is the later one. */
function placeOfEnd(told: readonly Told[]): number {
  const end = told.findLastIndex(({ event }) => ENDS.has(event));
  if (end !== -1) return end;
  const lost = told.findIndex(({ event }) => event === "unknown" || event === "damaged");
  return lost === -1 ? told.length : lost;
}

/** What the record tells and no event does, because they are older than the recorder. */
function fromRecord({ events, handle }: Facts, info: NonNullable<Explanation["info"]>): Sentence[] {
  const { createdAt = 0, signedInAt, userId, device } = info;
  const about = { handle, userId, login: true, device };
  const found: Sentence[] = [];
  const signsIn = events.some(({ login }) => login);
  const isCreated = events.some(({ event }) => event === "created");
  if (!isCreated && (signedInAt === undefined || createdAt < signedInAt))
    found.push({ at: createdAt, text: "The session was created." });
  if (!signsIn && signedInAt !== undefined)
    found.push({ at: signedInAt, text: sentenceOf({ ...about, at: signedInAt, event: "rotated" }, true) });
  return found;
}

function liveText({ known }: Facts, info: NonNullable<Explanation["info"]>): string {
  const { userId, lastSeenAt, expiresAt = 0, absoluteExpiresAt = 0 } = info;
  const who = userId === undefined ? "nobody is signed in" : `user ${plain(userId)} is signed in`;
  const unused =
    known?.used === false ? " No request has come here with its cookie since it was created." : "";
  const idle = expiresAt < absoluteExpiresAt ? `without a request at ${timeText(expiresAt)}, ` : "";
  return `It is live: ${who}. It was last seen at ${timeText(lastSeenAt)} or up to ${inWords(60)} later. It expires ${idle}in any case at ${timeText(absoluteExpiresAt)}.${unused}`;
}

/** Returns a time as a text, in UTC. */
export function timeText(seconds: number): string {
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
