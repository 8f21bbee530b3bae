import type { NewRecord, SessionRecord } from "../backends/backend.ts";
import { objectIn } from "../record/data.ts";
import { Damaged } from "./damage.ts";
import type { StoredDevice } from "./device.ts";

/** What the engine remembers of a session besides what back-ends decide by: the `head` of its record. */
export interface Head {
  /** Seconds without a request after which the session ends. */
  readonly idleTimeout: number;
  /** Seconds after which it ends in any case, since it was created or its user last signed in. */
  readonly absoluteTimeout: number;
  /** Whether its cookie outlives the browser. */
  readonly persistent: boolean;
  /** The text of all other members, a comma before each; see `recall`. Requests that do not need them do not parse them. */
  readonly more?: string;
}

/** The other members, those of later versions included. */
export interface Memory {
  /** When the session was created, if its user signed in to it later. Seconds since 1970, on the store's clock. */
  readonly created?: number | undefined;
  /** What its user signed in with. */
  readonly device?: StoredDevice | undefined;
  /** Secrets of before; see retired.ts. */
  readonly retired?: readonly string[] | undefined;
  /** The how manieth sign-in of its process began it, if the option `perUser` needs to know. */
  readonly nth?: number | undefined;
  /** True until its sign-in has counted; see limit.ts. */
  readonly pending?: boolean | undefined;
  /** Whose session it is, if that is not the realm of the default. */
  readonly realm?: string;
  /** The factors that its user has proved: 0 for those of the sign-in, else seconds since 1970; see factors.ts. */
  readonly by?: Readonly<Record<string, number>> | undefined;
  /** What binds the session to its browser; only with the option `bound`. */
  readonly bound?: Binding | undefined;
}

/** What binds a session to its browser, since its user signed in. */
export interface Binding {
  /** Makes challenges and short cookies of this binding: 128 bits, base64url. */
  readonly secret: string;
  /** When it was offered. Seconds since 1970, on the store's clock. */
  readonly at: number;
  /** The public keys that the browser has registered; one as soon as it has signed with it. */
  readonly keys?: readonly string[] | undefined;
  /** True as soon as the browser has signed a challenge, so that it surely keeps the key. */
  readonly proved?: boolean | undefined;
  /** The challenges that were used last, the newest first. */
  readonly used?: readonly string[] | undefined;
}

const DEFAULT_REALM = "session_id";

const COMMA = 44;
const BRACE = 125;

const NONE: Head = { idleTimeout: 0, absoluteTimeout: 0, persistent: false };

/** The last timeouts parsed and how the text of a head with them begins, because most sessions have the same. */
let lastStart = startOf(NONE);
let lastHead: Head = NONE;

/** The last other members that were parsed. */
let lastMore = "";
let lastMemory: Memory = {};

/**
 * Returns the head in a record's text. Members that this version does not know stay in it: `{ ...head, persistent: true }`
 * keeps them. Throws Damaged for a text that is no head.
 */
export function readHead(text: string): Head {
  const head = headIn(text);
  if (head === undefined) throw new Damaged("The head");
  return head;
}

/** Returns the same; undefined for a text that is no head. */
export function headIn(text: string): Head | undefined {
  const at = lastStart.length;
  const end = text.length - 1;
  if (text.startsWith(lastStart) && end >= at && text.charCodeAt(end) === BRACE) {
    if (end === at) return lastHead;
    const { idleTimeout, absoluteTimeout, persistent } = lastHead;
    if (text.charCodeAt(at) === COMMA)
      return { idleTimeout, absoluteTimeout, persistent, more: text.slice(at, -1) };
  }
  const head = parse(text);
  if (head === undefined) return undefined;
  const { more: _, ...timeouts } = head;
  lastHead = timeouts;
  lastStart = startOf(head);
  return head;
}

/** Returns the text of a head, with all of its members. */
export function headText(head: Head): string {
  return `${startOf(head)}${head.more ?? ""}}`;
}

/** Returns what a head has besides the timeouts; nothing if that is damaged. */
export function recall({ more = "" }: Head): Memory {
  if (more === "") return {};
  // One request asks several times.
  if (more !== lastMore) {
    lastMore = more;
    lastMemory = objectIn(`{${more.slice(1)}}`) ?? {};
  }
  return lastMemory;
}

/** Returns the head with these members changed; undefined removes one. */
export function remember(head: Head, changes: Memory): Head {
  const text = JSON.stringify({ ...recall(head), ...changes });
  return { ...head, more: text === "{}" ? "" : `,${text.slice(1, -1)}` };
}

/** Returns the head of a new session in this realm. */
export function inRealm(head: Head, realm: string): Head {
  return realm === DEFAULT_REALM ? head : remember(head, { realm });
}

/** Returns true if a record is of a session in this realm, or cannot be read, so that nobody knows. */
export function isInRealm(record: SessionRecord, realm: string): boolean {
  const head = headIn(record.head);
  return head === undefined || (recall(head).realm ?? DEFAULT_REALM) === realm;
}

/** Returns true for a record whose sign-in has not counted yet. */
export function isPending({ head: text }: SessionRecord): boolean {
  const head = headIn(text);
  return head !== undefined && recall(head).pending === true;
}

/** Returns the members of a new record that follow from its head. */
export function timeoutsOf(head: Head): Pick<NewRecord, "idleTimeout" | "absoluteTimeout" | "head"> {
  const { idleTimeout, absoluteTimeout } = head;
  return { idleTimeout, absoluteTimeout, head: headText(head) };
}

/**
 * Returns when a session was created and when its user signed in, which is undefined if nobody has. Only these two start
 * the absolute deadline, so the later one need not be stored.
 */
export function timesOf(
  { absoluteExpiresAt, userId }: SessionRecord,
  head: Head,
): { createdAt: number; signedInAt: number | undefined } {
  const began = Math.round((absoluteExpiresAt - head.absoluteTimeout) * 1000) / 1000;
  const { created = began } = recall(head);
  return { createdAt: created, signedInAt: userId === null ? undefined : began };
}

/** Returns when a session was used last, to within `touchThrottle`. */
export function lastSeenAt(record: SessionRecord, head: Head): number {
  const { createdAt, signedInAt = createdAt } = timesOf(record, head);
  return Math.max(signedInAt, record.expiresAt - head.idleTimeout);
}

/** The members that each request needs come first, in this order. */
function startOf({ idleTimeout: idle, absoluteTimeout: absolute, persistent }: Head): string {
  return JSON.stringify({ idle, absolute, persistent }).slice(0, -1);
}

function parse(text: string): Head | undefined {
  const { idle, absolute, persistent, ...rest } = objectIn(text) ?? {};
  if (typeof idle !== "number" || typeof absolute !== "number") return undefined;
  const head: Head = { idleTimeout: idle, absoluteTimeout: absolute, persistent: persistent === true };
  return Object.keys(rest).length === 0 ? head : remember(head, rest);
}
