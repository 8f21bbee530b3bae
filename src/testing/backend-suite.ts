import type { Awaitable } from "../backends/backend.ts";
import { contractCases } from "./cases/contract.ts";
import { contractHeadCases } from "./cases/contract-head.ts";
import { contractRacesCases } from "./cases/contract-races.ts";
import { contractTimesCases } from "./cases/contract-times.ts";
import { contractUsersCases } from "./cases/contract-users.ts";
import { dataCases } from "./cases/data.ts";
import { endingCases } from "./cases/ending.ts";
import { exclusiveCases } from "./cases/exclusive.ts";
import { expiryCases } from "./cases/expiry.ts";
import { instanceCases } from "./cases/instances.ts";
import { outageCases } from "./cases/outage.ts";
import { overlapCases } from "./cases/overlap.ts";
import { rotationCases } from "./cases/rotation.ts";
import { startingOverCases } from "./cases/starting-over.ts";
import { underWayCases } from "./cases/under-way.ts";
import { usersCases } from "./cases/users.ts";
import { visitsCases } from "./cases/visits.ts";
import { inTime, type SuiteCase } from "./suite-case.ts";
import { type Case, inWorld, type TestStore } from "./world.ts";

export interface BackendSuiteOptions {
  /**
   * Makes a fresh, empty store for one case. Its clock should be `now` (seconds); a store with a clock of its own
   * answers an `advance` instead.
   */
  create(clock: { now: () => number }): Awaitable<TestStore>;
}

const CASES: readonly Case[] = [
  ...contractCases,
  ...contractHeadCases,
  ...contractTimesCases,
  ...contractUsersCases,
  ...contractRacesCases,
  ...instanceCases,
  ...visitsCases,
  ...dataCases,
  ...expiryCases,
  ...exclusiveCases,
  ...outageCases,
  ...overlapCases,
  ...underWayCases,
  ...endingCases,
  ...rotationCases,
  ...startingOverCases,
  ...usersCases,
];

/**
 * What a back-end must do, alone and under the engine, as cases for any test runner:
 *
 *     for (const { name, run } of backendSuite({ create: ({ now }) => ({ backend: new MyBackend({ now }) }) })) {
 *       test(name, run);
 *     }
 *
 * A back-end with only `load` and `save` passes too: all of this happens in one process, where its fallback keeps every
 * promise. That a store keeps them across processes is for tests with processes to show.
 */
export function backendSuite(options: BackendSuiteOptions): SuiteCase[] {
  return CASES.map(({ promise, name, run }) => ({
    promise,
    name: `${promise}: ${name}`,
    run: () => inTime(inWorld((clock) => options.create(clock), run)),
  }));
}
