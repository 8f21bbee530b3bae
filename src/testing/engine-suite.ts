import type { BackendSuiteOptions } from "./backend-suite.ts";
import { dataCases } from "./cases/data.ts";
import { endingCases } from "./cases/ending.ts";
import { exclusiveCases } from "./cases/exclusive.ts";
import { expiryCases } from "./cases/expiry.ts";
import { outageCases } from "./cases/outage.ts";
import { overlapCases } from "./cases/overlap.ts";
import { rotationCases } from "./cases/rotation.ts";
import { startingOverCases } from "./cases/starting-over.ts";
import { underWayCases } from "./cases/under-way.ts";
import { usersCases } from "./cases/users.ts";
import { visitsCases } from "./cases/visits.ts";
import { inTime, type SuiteCase } from "./suite-case.ts";
import { type EngineCase, inEngineWorld } from "./world.ts";

const CASES: readonly EngineCase[] = [
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
 * What the engine must do on a back-end that passes `backendSuite`, as cases for any test runner:
 *
 *     for (const { name, run } of engineSuite({ create: () => ({ backend: new InMemorySessionBackend() }) })) {
 *       test(name, run);
 *     }
 *
 * The engine's time is virtual, so no case waits for a clock. The store has to answer within the process: on one that is
 * reached over a network, a case about a deadline would not wait for the answer.
 */
export function engineSuite(options: BackendSuiteOptions): SuiteCase[] {
  return CASES.map(({ promise, name, run }) => ({
    promise,
    name: `${promise}: ${name}`,
    run: () => inTime(inEngineWorld(options.create, run)),
  }));
}
