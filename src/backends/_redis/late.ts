/** Seconds after which changes are not merged any more: the patch waited for a connection, and its caller has given up. */
export const MERGE_WITHIN = 10;

/** What was changed long ago must not be merged over what others have stored since: throws if it was. */
export function refuseLate(handle: string, seconds: number): void {
  if (seconds <= MERGE_WITHIN) return;
  throw new Error(`session ${handle}: it took too long to reach the server, so nothing was stored`);
}
