import type { Device } from "../core/device.ts";
import type { SessionEventName } from "../core/events.ts";
import { plain } from "../core/plain.ts";
import type { RecordedEvent } from "./event.ts";

/** Returns what an event means for the session, as one sentence. `isLive`: the session is live now. */
export function sentenceOf(event: RecordedEvent, isLive: boolean): string {
  return SENTENCES[event.event](event, isLive);
}

type Sentence = (event: RecordedEvent, isLive: boolean) => string;

const SENTENCES: { readonly [Name in SessionEventName]: Sentence } = {
  created: ({ login, userId, device }) =>
    login
      ? `The session was created: ${signedIn(userId, device)}`
      : "The session was created; nobody was signed in.",
  adopted: () => "It came from a session of another library.",
  moved: ({ from, to }) => `It moved from the store ${plain(from ?? "")} to the store ${plain(to ?? "")}.`,
  rotated: ({ login, elevated, userId, device }) => {
    if (login && userId !== undefined) return capital(signedIn(userId, device));
    if (login) return "It started over with a new id.";
    return elevated
      ? "Its rights changed, so it got a new id. The id before it ended at once."
      : "It got a new id with the same rights.";
  },
  logged_out: ({ reason, userId }) => {
    if (reason === "emptied") return "It ended because a request took all of its data away.";
    if (reason === "replaced") return "It ended because another session took its place in the same browser.";
    return `It ended because ${userId === undefined ? "a request logged out" : `user ${plain(userId)} logged out`}.`;
  },
  changed: ({ key }) => `An operator changed its key ${plain(key ?? "")}.`,
  expired: (event) => `It ended because it expired${whyExpired(event)}.`,
  revoked: ({ reason, all, userId, by }) => {
    if (reason === "limit")
      return "It ended because its user signed in again and had as many sessions as the option perUser allows.";
    if (reason === "reused")
      return "It ended because an id was used that a rotation had replaced (the option onReuse): its cookie may have been stolen.";
    const who = by === undefined ? "" : ` by the operator ${plain(by)}`;
    if (all) return `It ended because all sessions of user ${plain(userId ?? "")} were revoked${who}.`;
    return who === ""
      ? "It ended because it was revoked by its handle."
      : `It ended because it was revoked${who}.`;
  },
  device_changed: ({ device }) =>
    `It was used with another device than its user signed in with${using(device)}.`,
  reused: () => "An id was used that a rotation had replaced. Its cookie may have been stolen.",
  superseded: () =>
    "A request came with the id from before a sign-in or a change of rights, and was answered as anonymous: it had left before its browser got the new cookie.",
  unknown: (_, isLive) =>
    isLive
      ? "A request came with its handle and a wrong secret, and was answered as anonymous: a guess, or an id of long ago."
      : "A request came with its cookie and was answered as anonymous, since the store had no such session.",
  bound: () => "It was bound to its device.",
  unproven: () =>
    "A request came with its cookie but without the proof of its device, and was answered as anonymous: the browser could not renew the proof, or the cookie was stolen.",
  proof_refused: () => "A signature was refused that its device's key had not made.",
  damaged: () => "A request was answered as anonymous, because its stored record could not be read.",
  discarded: ({ reason }) =>
    `What a request wrote was dropped, because ${DROPPED[reason ?? ""] ?? "it came too late"}.`,
  invalid: () => "Its stored data did not fit the schema.",
  backend_failed: () => "The store failed.",
};

const DROPPED: Record<string, string | undefined> = {
  ended: "the session had ended while it ran",
  stale: "its user signed in, or its rights changed, while it ran",
  superseded: "it came with the id from before a sign-in",
  grace: "it came with the id before a rotation and asked for other rights",
};

/** What is known of the deadlines of a session at a moment. */
export interface Deadlines {
  readonly at?: number | undefined;
  readonly expiresAt?: number | undefined;
  readonly absoluteExpiresAt?: number | undefined;
  readonly idleTimeout?: number | undefined;
}

/** Returns which deadline a session has passed, in words; "" if nobody knows. */
export function whyExpired({ at, expiresAt, absoluteExpiresAt, idleTimeout }: Deadlines): string {
  const which = deadlinePassed({ at, expiresAt, absoluteExpiresAt });
  if (which === "absolute") return ": its absolute deadline was over, whatever its user did";
  if (which === undefined || idleTimeout === undefined) return "";
  return `: no request came for ${inWords(idleTimeout)}, its idle timeout`;
}

/** Returns the deadline that a session passed first, if it has passed one. */
export function deadlinePassed({
  at = 0,
  expiresAt,
  absoluteExpiresAt,
}: Deadlines): "idle" | "absolute" | undefined {
  if (expiresAt === undefined || absoluteExpiresAt === undefined || at < expiresAt) return undefined;
  return expiresAt >= absoluteExpiresAt ? "absolute" : "idle";
}

function signedIn(userId: string | undefined, device: Device | undefined): string {
  return `user ${plain(userId ?? "")} signed in${using(device)}.`;
}

/** Returns a device in words, with a space before them; "" if nothing is known of it. */
function using(device: Device | undefined): string {
  if (device === undefined) return "";
  const { name, browser, userAgent, platform, address } = device;
  const program = browser ?? userAgent?.slice(0, 100);
  const words = [
    name === undefined ? "" : ` on “${plain(name)}”`,
    program === undefined ? "" : ` with ${plain(program)}`,
    platform === undefined ? "" : ` on ${plain(platform)}`,
    address === undefined ? "" : ` from ${plain(address)}`,
  ];
  return words.join("");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** Returns seconds in words, in the largest unit that they are whole in. */
export function inWords(seconds: number): string {
  const whole = Math.round(seconds);
  const [unit, size] = UNITS.find(([, each]) => whole >= each && whole % each === 0) ?? UNITS[3];
  const count = whole / size;
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** Returns a time as a text, in UTC. */
export function timeText(seconds: number): string {
  return `${new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
