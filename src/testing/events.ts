import { channel } from "node:diagnostics_channel";
import type { SessionEventName, SessionEvents } from "../core/events.ts";

/** Calls `listener` for every event of this name, of all sessions in this process. Returns a function that ends it. */
export function onEvent<Name extends SessionEventName>(
  name: Name,
  listener: (event: SessionEvents[Name]) => unknown,
): () => void {
  const receive = (event: unknown): void => void listener(event as SessionEvents[Name]);
  const events = channel(`micropie:${name}`);
  events.subscribe(receive);
  return () => void events.unsubscribe(receive);
}
