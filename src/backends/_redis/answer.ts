import type { PatchResult, SessionPatch } from "../backend.ts";
import { textOf } from "./client.ts";

/** By the number that the scripts answer. */
export const RESULTS: readonly PatchResult[] = ["ended", "ok", "merged", "stale"];

/** What they answer instead if somebody else has written since: nothing was stored, and the changes are wanted. */
export const BEHIND = 4;

/** Milliseconds after which they are wanted no more: it waited for a connection, and whoever asked has given up. */
const MERGE_WITHIN = 10_000;

/** A result as a number, or a time as a text. */
export function answerOf(reply: unknown): number | string {
  if (typeof reply === "number") return reply;
  const text = textOf(reply);
  return text.includes(".") ? text : Number(text);
}

/** Whether the patch was made from the version that it asks for, so that its data may be stored as they are. */
export function isUpToDate({ baseVersion, ifVersion = baseVersion }: SessionPatch): boolean {
  return baseVersion > 0 && ifVersion === baseVersion;
}

/** What was changed long ago must not be merged over what others have stored since. */
export function refuseLate(handle: string, begun: number): void {
  if (performance.now() - begun <= MERGE_WITHIN) return;
  throw new Error(`session ${handle}: it took too long to reach the server, so nothing was stored`);
}
