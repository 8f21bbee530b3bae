import { ENGINE, type Engine } from "./live.ts";

/** Returns the engine of `Sessions`, for what operators are shown. */
export function engineOf(sessions: { readonly [ENGINE]: Engine }): Engine {
  return sessions[ENGINE];
}
