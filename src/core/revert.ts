import type { Awaitable } from "../backends/backend.ts";
import type { Live } from "./live.ts";
import { fitLoaded } from "./schema.ts";
import { reverted } from "./state.ts";

/** Drops what was not saved: the session is what was stored last, as far as this request knows. */
export function revert(live: Live): Awaitable<void> {
  reverted(live);
  if (live.phase.is === "stored" && live.engine.options.schema !== undefined) return fitLoaded(live);
}
