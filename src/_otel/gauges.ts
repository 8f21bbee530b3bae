import type { SessionCount } from "../backends/backend.ts";
import type { Engine } from "../core/live.ts";
import { type Meter, observed } from "./meter.ts";

/**
 * Counts the sessions in the store every so many seconds, and tells `meter` the last numbers when it collects. Returns a
 * function that ends it.
 */
export function observeCounts(
  { environment, options }: Engine,
  meter: Meter,
  every: number,
  count: () => Promise<SessionCount>,
): () => void {
  let last: SessionCount | undefined;
  let isOver = false;
  let cancel = (): void => {};
  const look = async (): Promise<void> => {
    try {
      last = await count();
    } catch {
      // The call is an event, and a series of its own. A store that cannot count says so each time.
    }
    if (!isOver) cancel = environment.timer(every, () => void look(), true);
  };
  void look();
  const attributes = { "micropie.realm": options.realm };
  const stopLive = observed(
    meter.createObservableGauge("micropie.session.live", {
      unit: "{session}",
      description: "Live sessions in the store, when they were last counted.",
    }),
    (result) => last && result.observe(last.sessions, attributes),
  );
  const stopSignedIn = observed(
    meter.createObservableGauge("micropie.session.signed_in", {
      unit: "{session}",
      description: "Live sessions in the store that have a user, when they were last counted.",
    }),
    (result) => {
      if (last?.signedIn !== undefined) result.observe(last.signedIn, attributes);
    },
  );
  return () => {
    isOver = true;
    cancel();
    stopLive();
    stopSignedIn();
  };
}
