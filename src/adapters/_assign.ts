import { replaceData, stateOf } from "../core/session.ts";
import { startOver } from "../core/start-over.ts";
import { destroy } from "../core/verbs.ts";

/**
 * What assigning to the property of a request does: an object replaces the data, null ends the session, and an object
 * after the end begins another one.
 */
export function assign(session: object, data: object | null | undefined): void {
  if (data === null || data === undefined) {
    destroy(session);
    return;
  }
  const live = stateOf(session);
  const over = live?.state === "ended" || live?.mark?.verb === "destroy";
  replaceData(over && Object.keys(data).length > 0 ? startOver(session) : session, data);
}
