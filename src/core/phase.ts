import type { SessionRecord } from "../backends/backend.ts";
import { readHead } from "./head.ts";
import type { Engine, New, Seen, Stored } from "./live.ts";

/** A phase in which nothing is stored. */
export function newPhase(presented: boolean, superseded = false, damaged?: string): New {
  return { is: "new", presented, superseded, damaged, emptied: false };
}

/** The phase of a session whose record was read. Throws Damaged. */
export function storedPhase(engine: Engine, handle: string, record: SessionRecord, grace: boolean): Stored {
  const head = record.head === engine.head.text ? engine.head.value : readHead(record.head);
  const seen: Seen = { text: record.data, version: record.version, as: "data" };
  return { is: "stored", handle, record, head, expiresAt: record.expiresAt, seen, grace, emptied: false };
}
