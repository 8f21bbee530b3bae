import { type BackendSuiteOptions, type SuiteCase, virtualEnvironment } from "micropie/testing";
import { inTime } from "micropie/testing/suite-case";
import { inWorld } from "micropie/testing/world";
import { damagedCases } from "./cases/damaged.ts";
import { dataCases } from "./cases/data.ts";
import { endingCases } from "./cases/ending.ts";
import { exclusiveCases } from "./cases/exclusive.ts";
import { expiryCases } from "./cases/expiry.ts";
import { freshCases } from "./cases/fresh.ts";
import { listedCases } from "./cases/listed.ts";
import { outageCases } from "./cases/outage.ts";
import { overlapCases } from "./cases/overlap.ts";
import { reuseCases } from "./cases/reuse.ts";
import { rotationCases } from "./cases/rotation.ts";
import { scannedCases } from "./cases/scanned.ts";
import { startingOverCases } from "./cases/starting-over.ts";
import { strangerCases } from "./cases/strangers.ts";
import { underWayCases } from "./cases/under-way.ts";
import { usersCases } from "./cases/users.ts";
import { visitsCases } from "./cases/visits.ts";
import type { EngineCase } from "./world.ts";

const CASES: readonly EngineCase[] = [
  ...visitsCases,
  ...dataCases,
  ...damagedCases,
  ...expiryCases,
  ...exclusiveCases,
  ...outageCases,
  ...overlapCases,
  ...underWayCases,
  ...endingCases,
  ...rotationCases,
  ...reuseCases,
  ...startingOverCases,
  ...usersCases,
  ...freshCases,
  ...listedCases,
  ...scannedCases,
  ...strangerCases,
];

/**
 * Returns the cases that judge the engine on a back-end that passes `backendSuite`:
 *
 *     for (const { name, run } of engineSuite({ create: () => ({ backend: new InMemorySessionBackend() }) })) {
 *       test(name, run);
 *     }
 *
 * The engine's time is virtual, so no case waits for a clock. The store has to answer within the process: with one that is
 * reached over a network, virtual time would move on while a case waits for the answer.
 *
 * The cases also run on the built package, in every runtime (test/runtimes).
 */
export function engineSuite({ create }: BackendSuiteOptions): SuiteCase[] {
  return CASES.map(({ promise, name, run }) => ({
    promise,
    name: `${promise}: ${name}`,
    async run() {
      const environment = virtualEnvironment();
      await inTime(inWorld(create, (world) => run({ ...world, environment }), { environment }));
    },
  }));
}
