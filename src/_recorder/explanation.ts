import { decoded } from "../core/codec.ts";
import { type Device, shownDevice } from "../core/device.ts";
import { deviceIn } from "../core/device-in-head.ts";
import type { SessionEventName } from "../core/events.ts";
import { headIn, isInRealm } from "../core/head.ts";
import { ofRecord, type SessionInfo } from "../core/info.ts";
import { isExpired } from "../core/load.ts";
import { plain } from "../core/plain.ts";
import { type End, type EndCause, endIn } from "./end.ts";
import { ENDS, type RecordedEvent } from "./event.ts";
import type { Facts } from "./facts.ts";
import { inWords, sentenceOf, timeText } from "./sentence.ts";

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
