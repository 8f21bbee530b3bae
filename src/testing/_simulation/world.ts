import type { Chance } from "./chance.ts";
import type { Client } from "./client.ts";
import type { History } from "./history.ts";
import type { Journal } from "./journal.ts";
import type { Network } from "./network.ts";
import type { SimulatedStore } from "./place.ts";
import type { Plan } from "./plan.ts";
import type { Requests } from "./requests.ts";
import type { Schedule } from "./schedule.ts";
import type { Server } from "./server.ts";

/** Everything in a world that is being played. */
export interface World {
  readonly plan: Plan;
  readonly schedule: Schedule;
  readonly journal: Journal;
  readonly history: History;
  readonly network: Network;
  readonly chance: Chance;
  readonly store: SimulatedStore;
  readonly servers: readonly Server[];
  readonly clients: readonly Client[];
  readonly requests: Requests;
  readonly clock: { ahead: number };
  /** Waits, in virtual time. */
  sleep(seconds: number): Promise<void>;
  /** What was begun and must come to an end. */
  readonly pending: Set<Promise<void>>;
}
