import type { Engine } from "../core/live.ts";
import { SessionError } from "../errors.ts";
import { type Meter, observed } from "./meter.ts";

/** What `sessions.count()` returns. */
export interface Counted {
  readonly sessions: number;
  /** Undefined if the store cannot tell. */
  readonly signedIn: number | undefined;
}

/** How many times in a row the store may fail to count before the last number is no news any more. */
const PATIENCE = 3;

/**
 * Counts the sessions in the store every so many seconds, and tells `meter` the last numbers when it collects: none before the
 * first, and none once the store has failed three times in a row. Returns a function that ends it.
 */
export function observeCounts(
  { environment, options }: Engine,
  meter: Meter,
  every: number,
  count: () => Promise<Counted>,
): () => void {
  let last: Counted | undefined;
  let failures = 0;
  let isOver = false;
  let cancel = (): void => {};
  const look = async (): Promise<void> => {
    try {
      last = await count();
      failures = 0;
    } catch (error) {
      // A store that fails is an event. One that cannot count says so each time, and then there is no gauge.
      if (!(error instanceof SessionError)) throw error;
      if (++failures === PATIENCE) last = undefined;
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
