import type { SessionRecord } from "../backends/backend.ts";
import { readHead } from "./head.ts";
import type { Engine, Live, LoadOptions, New, Seen, Stored } from "./live.ts";
import type { Outbox } from "./outbox.ts";

// What a session is opened with: the object that the handler gets, and where it stands.

/** Looks like a plain object: no inherited names, no visible state. */
export class SessionObject {
  readonly #live: Live;

  constructor(live: Live) {
    this.#live = live;
  }

  /** The state behind an object; undefined for anything that is no session. */
  static live(this: void, object: object): Live | undefined {
    return #live in object ? object.#live : undefined;
  }
}

export const stateOf: (object: object) => Live | undefined = SessionObject.live;
Object.setPrototypeOf(SessionObject.prototype, null);
delete (SessionObject.prototype as { constructor?: unknown }).constructor;

/** A phase in which nothing is stored. */
export function newPhase(presented: boolean, superseded = false, damaged?: string): New {
  return { is: "new", presented, superseded, damaged, unproven: undefined, emptied: false };
}

/** The phase of a request that brought the cookie of a bound session, and not the proof of its device. */
export function unprovenPhase(unproven: Pick<Stored, "handle" | "record">, damaged: string | undefined): New {
  return { ...newPhase(true, true, damaged), unproven };
}

/** The phase of a session whose record was read. Throws Damaged. */
export function storedPhase(engine: Engine, handle: string, record: SessionRecord, grace: boolean): Stored {
  const head = record.head === engine.head.text ? engine.head.value : readHead(record.head);
  const seen: Seen = { text: record.data, version: record.version, as: "data" };
  return { is: "stored", handle, record, head, expiresAt: record.expiresAt, seen, grace, emptied: false };
}

const NO_LINES: readonly string[] = [];

/** What the response carries at first: nothing. */
export function newOutbox({ token, adapter = false }: LoadOptions): Outbox {
  return {
    carrier: token === undefined ? "cookie" : "header",
    byAdapter: adapter,
    client: undefined,
    headers: "open",
    line: undefined,
    farewells: NO_LINES,
    reserved: undefined,
  };
}
