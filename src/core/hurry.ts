import { commit } from "./commit.ts";
import { seenLive } from "./session.ts";
import { headersLeave, released } from "./state.ts";
import { takeBack } from "./take-back.ts";

/*
 * Headers that do not wait for the store: those of the response to a WebSocket's upgrade, in libraries that let
 * middleware add to them.
 */

/**
 * Prepares a session for that. The cookie of a new session is then known before the store has answered. Verbs that need
 * another cookie throw StateError `headers_sent`.
 */
export function hurry(session: object): void {
  headersLeave(seenLive(session), "leaving");
}

/** Begins to save. Returns at once what the headers have to carry; failures go to `tell`. */
export function leaveNow(session: object, tell: (error: unknown) => void): string | undefined {
  const live = seenLive(session);
  takeBack(live);
  const saved = (async () => commit(live))();
  const line = headersLeave(live);
  void saved.catch(tell).then(() => {
    if (live.turn.held?.during === "request") void released(live)?.release();
  });
  return line;
}
