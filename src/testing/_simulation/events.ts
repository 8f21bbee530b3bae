import { channel } from "node:diagnostics_channel";
import type { SessionEventName, SessionEvents } from "../../core/events.ts";
import type { Heard } from "./history.ts";

const NAMES = [
  "created",
  "adopted",
  "rotated",
  "logged_out",
  "expired",
  "revoked",
  "reused",
  "discarded",
  "damaged",
  "backend_failed",
] as const satisfies readonly SessionEventName[];

let note: ((heard: Omit<Heard, "at">) => void) | undefined;

/** From now on, the world that is played hears each event of every engine in this process. Returns a function that ends it. */
export function hearEvents(): () => void {
  const stops = NAMES.map((name) => {
    const events = channel(`micropie:${name}`);
    const receive = (message: unknown): void => {
      const { realm, ...event } = message as SessionEvents[typeof name];
      if (realm === "strangers") return;
      const handle = "handle" in event ? event.handle : undefined;
      const error = "error" in event ? String(event.error) : "";
      note?.({ name, handle, text: `${JSON.stringify(event)}${error}` });
    };
    events.subscribe(receive);
    return () => void events.unsubscribe(receive);
  });
  return () => {
    for (const stop of stops) stop();
  };
}

/** The events to come are those of this world. */
export function noteEvents(by: typeof note): void {
  note = by;
}
