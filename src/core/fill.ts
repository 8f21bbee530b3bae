import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { decode } from "./codec.ts";
import { fitLoaded } from "./schema.ts";
import { type Live, setKey } from "./session.ts";

/** Makes the session what the record says. */
export function reload(live: Live, record: SessionRecord): Awaitable<void> {
  live.record = record;
  live.baseline = record.data;
  live.version = record.version;
  return revert(live);
}

/** Makes the session what was stored last, as far as this request knows. */
export function revert(live: Live): Awaitable<void> {
  for (const key of Object.keys(live.data)) setKey(live.data, key, undefined);
  live.mark = undefined;
  live.startsOver = false;
  live.emptied = false;
  live.drained = undefined;
  live.reshaped = false;
  return fill(live);
}

/** Makes the data what `baseline` says. */
export function fill(live: Live): Awaitable<void> {
  decode(live.baseline, (key, value) => setKey(live.data, key, value));
  const { schema } = live.engine.options;
  if (schema !== undefined) return fitLoaded(live, schema);
}
