import type { SessionBackend, SessionRecord } from "../backends/backend.ts";
import type { RecordedEvent } from "./event.ts";
import type { Known } from "./known.ts";

/** What an explanation is made of. */
export interface Facts {
  readonly handle: string;
  readonly realm: string;
  readonly backend: SessionBackend;
  readonly now: number;
  /** Seconds since 1970 from which on events are remembered. */
  readonly since: number;
  readonly record: SessionRecord | undefined;
  /** Oldest first. */
  readonly events: readonly RecordedEvent[];
  readonly known: Known | undefined;
}
