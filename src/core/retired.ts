import type { SessionRecord } from "../backends/backend.ts";
import { type Head, headIn, recall, remember } from "./head.ts";
import { sameHash } from "./token.ts";

/*
 * The secrets that a session had before the last two, so that one of them that comes again can be told from a guess. Each
 * is a text: 96 bits of its hash, then when its grace ends (seconds, base 36), or "!" once it was reported.
 */

/** How many are kept. Each takes 25 bytes of the head. */
const MOST = 8;
const LENGTH = 16;
const REPORTED = "!";

/** Returns the head of a record that is about to be rotated: the secret before its last rotation is put on the list. */
export function retire({ previousSecretHash, previousUntil }: SessionRecord, head: Head): Head {
  if (previousSecretHash === null || entryOf(head, previousSecretHash) !== undefined) return head;
  const entry = previousSecretHash.slice(0, LENGTH) + Math.ceil(previousUntil).toString(36);
  return remember(head, { retired: [entry, ...listOf(head)].slice(0, MOST) });
}

/** Returns when the grace of a retired secret ends; undefined if it is none of this session's. 0 once it was reported. */
export function retiredUntil({ head }: SessionRecord, secretHash: string): number | undefined {
  const whole = headIn(head);
  const entry = whole && entryOf(whole, secretHash);
  if (entry === undefined) return undefined;
  return entry.endsWith(REPORTED) ? 0 : Number.parseInt(entry.slice(LENGTH), 36);
}

/** Returns the head in which this secret counts as reported. */
export function reported(head: Head, secretHash: string): Head {
  const others = listOf(head).filter((entry) => entry !== entryOf(head, secretHash));
  return remember(head, { retired: [secretHash.slice(0, LENGTH) + REPORTED, ...others].slice(0, MOST) });
}

function entryOf(head: Head, secretHash: string): string | undefined {
  const wanted = secretHash.slice(0, LENGTH);
  return listOf(head).find((entry) => sameHash(entry.slice(0, LENGTH), wanted));
}

function listOf(head: Head): readonly string[] {
  const { retired } = recall(head);
  return Array.isArray(retired) ? retired.filter((entry) => typeof entry === "string") : [];
}
