import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { refuseUnknown } from "../option-names.ts";
import { judged } from "./_simulation/judged.ts";
import type { CreateSimulated } from "./_simulation/place.ts";
import { planOf } from "./_simulation/planned.ts";
import { shrunk } from "./_simulation/shrink.ts";
import { storyOf } from "./_simulation/story.ts";
import { takeOver } from "./_simulation/take-over.ts";

export type { CreateSimulated, Kind, Place, SimulatedStore } from "./_simulation/place.ts";

/** Which worlds to play. */
export interface SimulationOptions {
  /** How many. Default 1000. */
  readonly worlds?: number | undefined;
  /** The first one's number; the others follow it. The same number is the same world. Default 1. */
  readonly seed?: number | undefined;
  /** On how many servers at most. Default 3; 1 for a back-end that keeps its promises within one process. */
  readonly servers?: number | undefined;
  /** Whether the store decides deadlines by a clock of its own, so that those of the servers may differ. Default true. */
  readonly ownClock?: boolean | undefined;
}

/** What was played. */
export interface Simulation {
  readonly worlds: number;
  readonly requests: number;
  /** The same for the same worlds, and only then. */
  readonly trace: string;
}

/**
 * Plays worlds on a back-end: several servers with the engine, clients with cookies, one store, and a network between them that
 * delays, loses and reorders; servers crash, clocks jump. All of it in virtual time, and each world follows from its number.
 * Afterwards each promise is judged by what happened.
 *
 * `create` makes a fresh, empty store for one world. It returns a back-end, each of whose methods is then one step; or a
 * `SimulatedStore`, whose back-ends say by `place.call` what their steps are. Nothing in it may wait for anything but these.
 * While it runs, ids in this process follow from the number of the world, so run it in a test and not beside a server.
 *
 * Rejects with an AssertionError whose message is the story of the world, made as small as possible, in which a promise did not
 * hold. Throws ConfigError for an unknown option.
 *
 * @example
 * await simulate(() => new MyBackend(), { worlds: 2000 });
 */
export async function simulate(
  create: CreateSimulated,
  options: SimulationOptions = {},
): Promise<Simulation> {
  refuseUnknown(options, ["worlds", "seed", "servers", "ownClock"]);
  const { worlds = 1000, seed = 1, servers = 3, ownClock = true } = options;
  const giveBack = takeOver();
  const traces: string[] = [];
  let requests = 0;
  try {
    for (let number = seed; number < seed + worlds; number++) {
      const plan = planOf(number, { servers, ownClock, copies: false });
      const { violations, history, journal } = await judged(plan, create);
      const [first] = violations;
      if (first !== undefined) assert.fail(await shortStory(plan, first.promise, create));
      requests += history.visits.length;
      traces.push(journal.trace);
    }
  } finally {
    giveBack();
  }
  return { worlds, requests, trace: hash("sha256", traces.join(), "base64url").slice(0, 22) };
}

async function shortStory(
  plan: Parameters<typeof judged>[0],
  promise: string,
  create: CreateSimulated,
): Promise<string> {
  return storyOf(await judged(await shrunk(plan, promise, create), create));
}
