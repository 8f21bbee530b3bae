import type { Awaitable } from "../backends/backend.ts";
import { call, chain } from "./engine.ts";
import { isExpired } from "./expiry.ts";
import type { Live } from "./session.ts";

/**
 * Lets the cookie that a session was promised when it was loaded go out with the answer, unless it has ended or got
 * another id since: a late cookie would take the newer one's place. Never throws; without an answer of the store the
 * cookie stays behind, and the next request is promised it again.
 */
export function payOwed(live: Live): Awaitable<void> {
  const { owed, engine, record } = live;
  if (owed === undefined || live.headersSent) return;
  live.owed = undefined;
  // It was signed in or out in this request, and has its cookie already.
  if (live.cookie !== undefined || live.state === "ended") {
    live.farewells ??= owed.farewells;
    return;
  }
  try {
    const read = call(engine, "read", () => engine.backend.read(live.handle));
    const pay = chain(read, (now) => {
      if (now === undefined || isExpired(now) || now.secretHash !== record!.secretHash) return;
      live.cookie = owed.cookie;
      live.farewells = owed.farewells;
    });
    return pay instanceof Promise ? pay.catch(() => {}) : pay;
  } catch {
    return;
  }
}
