import type { Verb } from "../core/observed.ts";
import type { SessionError } from "../errors.ts";

/** What a call of the back-end came to. */
export type Outcome =
  | "ok"
  /** Stored into a newer version. */
  | "merged"
  /** There was no such record, or it had expired. */
  | "missing"
  /** The handle that was to be new is not. */
  | "taken"
  /** A condition failed, so nothing was stored. */
  | "stale"
  /** Somebody else has the lock. */
  | "busy"
  | "too_large"
  | "failed"
  | "timeout";

const SAID: Record<string, Outcome | undefined> = {
  merged: "merged",
  ended: "missing",
  stale: "stale",
  busy: "busy",
  tooLarge: "too_large",
};

/** Returns what a call came to. */
export function outcomeOf(verb: Verb, answer: unknown, error: SessionError | undefined): Outcome {
  if (error !== undefined) return error.code === "backend_timeout" ? "timeout" : "failed";
  if (typeof answer === "string") return SAID[answer] ?? "ok";
  if (answer === false) return verb === "create" ? "taken" : "missing";
  return answer === undefined && verb === "read" ? "missing" : "ok";
}
