import type { PatchResult, SessionData, SessionRecord } from "../backends/backend.ts";
import { touchedDeadline } from "../record/record.ts";
import type { Client } from "./client.ts";
import { decode, encode, outgrown, setKey } from "./codec.ts";
import type { Head } from "./head.ts";
import type { Lease } from "./lease.ts";
import type { Beside, Engine, Intent, Live, LoadOptions, Phase, Seen, Stored } from "./live.ts";
import { newOutbox, newPhase, SessionObject, storedPhase } from "./opened.ts";
import type { Turn } from "./turn.ts";

const NOTHING: Intent = { is: "none" };
const NO_LINES: readonly string[] = [];

/** A request begins to use a session. Throws Damaged. */
export function open(engine: Engine, phase: Phase, options: LoadOptions = {}): Live {
  const { kind = SessionObject } = options;
  const live: Live = {
    engine,
    kind,
    data: NOTHING,
    phase,
    intent: NOTHING,
    outbox: newOutbox(options),
    turn: {
      busy: undefined,
      held: undefined,
      refused: undefined,
      replaced: undefined,
      blank: "{}",
      follow: undefined,
      onRefusal: undefined,
    },
    beside: undefined,
  };
  live.data = new kind(live);
  if (phase.is === "stored") decode(phase.seen.text, live.data);
  return live;
}

/** The request came from this client. */
export function sentBy({ outbox }: Live, client: Client): void {
  outbox.client = client;
}

/** A verb was called. */
export function ask(live: Live, intent: Intent): void {
  live.intent = intent;
}

/** The request's data was replaced as a whole; if by nothing, the session ends unless something is put into it. */
export function dataReplaced(live: Live): void {
  const { phase } = live;
  if (phase.is !== "new" && phase.is !== "stored") return;
  live.phase = { ...phase, emptied: Object.keys(live.data).length === 0 };
}

/** The data was put in order by the schema; `hidden` if nothing of what is stored can be shown. */
export function dataFitted(live: Live, data: object, hidden: boolean, fits: boolean): void {
  for (const key of Object.keys(live.data)) setKey(live.data, key, undefined);
  for (const key of Object.keys(data)) setKey(live.data, key, (data as SessionData)[key]);
  const text = fits ? encode(live.data) : undefined;
  see(live, (seen) => ({ ...seen, text: text ?? seen.text, as: hidden ? "hidden" : "data" }));
}

/** The schema filled in what a session without data has. */
export function filledIn(live: Live, data: object): void {
  for (const key of Object.keys(data)) setKey(live.data, key, (data as SessionData)[key]);
  live.turn.blank = encode(live.data);
}

/** What is known of the stored data has changed. */
export function see(live: Live, change: (seen: Seen) => Seen): void {
  if (live.phase.is === "stored") live.phase = { ...live.phase, seen: change(live.phase.seen) };
}

/** The record was read again. If somebody else has rotated it meanwhile, this request has the id before. */
export function readAnew(live: Live, record: SessionRecord): void {
  const { phase, engine } = live;
  if (phase.is !== "stored") return;
  const grace = phase.grace || record.secretHash !== phase.record.secretHash;
  live.phase = { ...storedPhase(engine, phase.handle, record, grace), emptied: phase.emptied };
}

/** What was not saved is dropped: the data is what `seen` says, and nothing is asked for. */
export function reverted(live: Live): void {
  for (const key of Object.keys(live.data)) setKey(live.data, key, undefined);
  live.intent = NOTHING;
  const { phase } = live;
  if (phase.is === "new") {
    live.phase = { ...phase, emptied: false };
    decode(live.turn.blank, live.data);
  }
  if (phase.is === "stored") live.phase = { ...phase, emptied: false, seen: { ...phase.seen, as: "data" } };
  if (phase.is === "stored") decode(phase.seen.text, live.data);
}

/** A save has failed, as its handler knows; undefined when it has asked again. */
export function saveRefused({ turn }: Live, text: string | undefined): void {
  turn.refused = text;
}

/** Values of the session's data are about to be replaced by others, or have been looked after. */
export function noteReplaced({ turn }: Live, replaced: Turn["replaced"]): void {
  turn.replaced = replaced;
}

/** What watches it goes along with it, or no more. */
export function followed({ turn }: Live, follow: Turn["follow"]): void {
  turn.follow = follow;
}

/** The answer to what a guard throws is prepared by this listener. */
export function refusalsHeard({ turn }: Live, listener: Turn["onRefusal"]): void {
  turn.onRefusal = listener;
}

/** The idle deadline has moved. */
export function prolonged(live: Live): void {
  const { phase } = live;
  if (phase.is !== "stored") return;
  const { absoluteExpiresAt, now } = phase.record;
  const expiresAt = touchedDeadline(phase.expiresAt, absoluteExpiresAt, now + phase.head.idleTimeout);
  live.phase = { ...phase, expiresAt };
}

/** A record has been created for it. */
export function created(live: Live, handle: string, record: SessionRecord, head: Head, intent: Intent): void {
  const { expiresAt, data, version } = record;
  const seen: Seen = { text: data, version, as: "data" };
  const emptied = done(live, intent, data);
  live.phase = { is: "stored", handle, record, head, expiresAt, seen, grace: false, emptied };
  live.outbox.reserved = undefined;
  live.turn.blank = "{}";
}

/** The store has answered a patch with this data. Returns the answer. Throws DataError if it was too much. */
export function patched(
  live: Live,
  phase: Stored,
  text: string,
  result: PatchResult,
  intent: Intent,
): Exclude<PatchResult, "tooLarge"> {
  if (result === "tooLarge") throw outgrown(phase.seen.text, text, live.engine.options.maxBytes);
  if (result !== "ok" && result !== "merged") return result;
  const { handle, record, head, grace } = phase;
  const expiresAt = touchedDeadline(phase.expiresAt, record.absoluteExpiresAt, record.now + head.idleTimeout);
  // After a merge into what others had stored, this request does not know the whole data.
  const version = result === "ok" ? phase.seen.version! + 1 : undefined;
  const emptied = done(live, intent, text);
  const seen: Seen = { text, version, as: "data" };
  live.phase = { is: "stored", handle, record, head, expiresAt, seen, grace, emptied };
  return result;
}

/** Its record has a new secret, and maybe new rights, deadlines and head. */
export function renewed(live: Live, record: SessionRecord, head: Head): void {
  if (live.phase.is === "stored") live.phase = { ...live.phase, record, head, expiresAt: record.expiresAt };
}

/** What was asked for while the store answered stays, for the next commit. Returns true if the data was emptied then. */
function done(live: Live, intent: Intent, text: string): boolean {
  if (live.intent === intent) live.intent = NOTHING;
  const { phase, data } = live;
  return "emptied" in phase && phase.emptied && text !== "{}" && Object.keys(data).length === 0;
}

/** It has ended: nothing more is stored, and no cookie goes out, which could bring back what is gone. */
export function ended(live: Live, lives = false): void {
  live.outbox.line = undefined;
  const of = live.phase.is === "ended" ? live.phase.of : live.phase;
  if (of.is === "stored" || of.is === "new") live.phase = { is: "ended", of, lives };
}

/** Its record is gone, so nothing of it holds for the next one. */
export function letGo(live: Live): void {
  const { phase } = live;
  const before = phase.is === "ended" ? phase.of : phase;
  live.phase = newPhase(before.is === "stored" || (before.is === "new" && before.presented));
  void live.turn.held?.lease.release();
  live.turn.held = undefined;
}

/** The handle of its next record was told before there is one. */
export function reserve({ outbox }: Live, handle: string): string {
  outbox.reserved = handle;
  return handle;
}

/** It starts over with a new, empty object; the one before keeps its data as a plain copy. */
export function startedOver(live: Live, intent: Intent): object {
  if (live.phase.is === "ended") letGo(live);
  if (live.phase.is === "new" || live.phase.is === "stored") live.phase = { ...live.phase, emptied: false };
  see(live, (seen) => (seen.as === "drained" ? { ...seen, as: "data" } : seen));
  live.intent = intent;
  live.outbox.reserved = undefined;
  live.data = new live.kind(live);
  return live.data;
}

/** It is only to be looked at from now on. */
export function shown(live: Live): void {
  const { phase } = live;
  live.phase = { is: "readOnly", why: "shown", of: phase.is === "stored" ? phase : undefined };
}

/** The request is over. */
export function requestEnded(live: Live): void {
  if (live.phase.is !== "over") live.phase = { is: "over", before: live.phase };
}

/** The response has to carry this line, and these too if any are given. */
export function owe({ outbox }: Live, line: string | undefined, farewells?: readonly string[]): void {
  outbox.line = line;
  if (farewells !== undefined) outbox.farewells = farewells;
}

/** Takes the line for the headers, which count as sent from now on; `leaving` if they will not wait for the store. */
export function headersLeave({ outbox }: Live, now: "leaving" | "sent" = "sent"): string | undefined {
  const line = outbox.headers === "sent" ? undefined : outbox.line;
  outbox.line = undefined;
  outbox.headers = now;
  return line;
}

/** A commit is under way. */
export function occupied(live: Live, work: Promise<void>): void {
  const free = (): void => {
    live.turn.busy = undefined;
  };
  live.turn.busy = work.then(free, free);
}

/** It is used exclusively. */
export function held(live: Live, lease: Lease, during: "request" | "part"): void {
  live.turn.held = { lease, during };
}

/** Exclusive use is over; returns what is to be released. */
export function released(live: Live): Lease | undefined {
  const lease = live.turn.held?.lease;
  live.turn.held = undefined;
  return lease;
}

/** The request brought this beside the token that opened the session, or has ended it. */
export function brought(live: Live, more: Partial<Beside>): void {
  const nothing = { tokens: NO_LINES, crowded: false, legacy: undefined, idle: false, standing: undefined };
  live.beside = { ...nothing, ...live.beside, ...more };
}
