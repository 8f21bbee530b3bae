import type { Live } from "./session.ts";

/** The record is gone, so nothing of it holds for the next one. */
export function letGo(live: Live): void {
  void live.lease?.release();
  live.lease = undefined;
  live.record = undefined;
  live.handle = "";
}

/** After the end of a session the request may begin another. */
export function forget(live: Live): void {
  letGo(live);
  live.state = "open";
  live.baseline = "{}";
  live.version = -1;
  live.superseded = false;
}
