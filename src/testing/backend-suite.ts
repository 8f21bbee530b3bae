import { contractCases } from "./cases/contract.ts";
import { contractHeadCases } from "./cases/contract-head.ts";
import { contractRacesCases } from "./cases/contract-races.ts";
import { contractSizeCases } from "./cases/contract-size.ts";
import { contractTimesCases } from "./cases/contract-times.ts";
import { contractUsersCases } from "./cases/contract-users.ts";
import { instanceCases } from "./cases/instances.ts";
import { serverCases } from "./cases/servers.ts";
import { valueCases } from "./cases/values.ts";
import { inTime, type SuiteCase } from "./suite-case.ts";
import { type Case, type CreateStore, inWorld } from "./world.ts";

/** How a suite gets its stores. */
export interface BackendSuiteOptions {
  /**
   * Makes a fresh, empty store for one case. The suite moves the clock of `environment`. It gives that to the back-end
   * itself, so only what is inside of another back-end has to be given it here. A store whose own clock decides has an
   * `advance` instead.
   */
  readonly create: CreateStore;
}

const CASES: readonly Case[] = [
  ...contractCases,
  ...contractHeadCases,
  ...contractSizeCases,
  ...contractTimesCases,
  ...contractUsersCases,
  ...contractRacesCases,
  ...instanceCases,
  ...valueCases,
  ...serverCases,
];

/**
 * What a back-end must do, as cases for any test runner:
 *
 *     for (const { name, run } of backendSuite({ create: () => ({ backend: new MyBackend() }) })) test(name, run);
 *
 * The cases judge the store: what each method does, alone and while others run, and what several servers on one store
 * rely on. What the engine adds is the same on every back-end that passes, so micropie's own tests judge that.
 *
 * A back-end with only `load` and `save` passes too, because each case runs in one process. That a store keeps the
 * promises across processes has to be tested with processes.
 */
export function backendSuite(options: BackendSuiteOptions): SuiteCase[] {
  return CASES.map(({ promise, name, run }) => ({
    promise,
    name: `${promise}: ${name}`,
    run: () => inTime(inWorld(options.create, run)),
  }));
}
