import type { NewRecord } from "../backends/backend.ts";
import { objectIn } from "../record/data.ts";
import { Damaged } from "./damage.ts";

/** What the engine remembers of a session besides what back-ends decide by: the `head` of its record. */
export interface Head {
  /** Seconds without a request after which the session ends. */
  readonly idleTimeout: number;
  /** Seconds after which it ends in any case, since it was created or its user last signed in. */
  readonly absoluteTimeout: number;
  /** Whether its cookie outlives the browser. */
  readonly persistent: boolean;
}

/** The last head read, because most sessions have the same. */
let lastText: string | undefined;
let lastHead: Head;

/**
 * Returns the head in a record's text. Members that this version does not know stay in it: `{ ...head, persistent: true }`
 * keeps them. Throws Damaged for a text that is no head.
 */
export function readHead(text: string): Head {
  if (text === lastText) return lastHead;
  lastHead = parse(text);
  lastText = text;
  return lastHead;
}

/** Returns the text of a head, with all of its members. */
export function headText(head: Head): string {
  const { idleTimeout: idle, absoluteTimeout: absolute, persistent, ...rest } = head;
  return JSON.stringify({ idle, absolute, persistent, ...rest });
}

/** Returns the members of a new record that follow from its head. */
export function timeoutsOf(head: Head): Pick<NewRecord, "idleTimeout" | "absoluteTimeout" | "head"> {
  const { idleTimeout, absoluteTimeout } = head;
  return { idleTimeout, absoluteTimeout, head: headText(head) };
}

function parse(text: string): Head {
  const { idle, absolute, persistent, ...rest } = objectIn(text) ?? {};
  if (typeof idle !== "number" || typeof absolute !== "number") throw new Damaged("The head");
  return { ...rest, idleTimeout: idle, absoluteTimeout: absolute, persistent: persistent === true };
}
