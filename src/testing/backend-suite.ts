import { adoptionCases } from "./cases/adoptions.ts";
import { contractCases } from "./cases/contract.ts";
import { contractHeadCases } from "./cases/contract-head.ts";
import { contractRacesCases } from "./cases/contract-races.ts";
import { contractSizeCases } from "./cases/contract-size.ts";
import { contractTimesCases } from "./cases/contract-times.ts";
import { contractUsersCases } from "./cases/contract-users.ts";
import { endCases } from "./cases/ends.ts";
import { instanceCases } from "./cases/instances.ts";
import { limitCases } from "./cases/limits.ts";
import { moveCases } from "./cases/moves.ts";
import { scanCases } from "./cases/scan.ts";
import { serverCases } from "./cases/servers.ts";
import { valueCases } from "./cases/values.ts";
import { retold } from "./failure.ts";
import { inTime, type SuiteCase } from "./suite-case.ts";
import { Transcript } from "./transcript.ts";
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
  ...endCases,
  ...scanCases,
  ...adoptionCases,
  ...moveCases,
  ...valueCases,
  ...serverCases,
  ...limitCases,
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
    run() {
      const transcript = new Transcript();
      const work = inTime(inWorld(noted(options.create, transcript), run));
      return retold(work, { promise, name }, transcript, reading);
    },
  }));
}

function noted(create: CreateStore, transcript: Transcript): CreateStore {
  return async (environment) => {
    const { backend, another, ...store } = await create(environment);
    return {
      ...store,
      backend: transcript.around(backend),
      another: another && (async () => transcript.around(await another(), "another instance: ")),
    };
  };
}

const CAS = ["get", "add", "replace", "set", "remove", "take"];

function reading(names: readonly string[], promise: string): string {
  if (names.length === 0) return `See "Testing it" in docs/backends.md.`;
  const where = names.some((name) => CAS.includes(name))
    ? "CasSessionBackend (micropie/backends/cas)"
    : "SessionBackend (micropie/backends/backend)";
  return `See ${names.join(" and ")} in ${where}, and ${promise} in docs/guarantees.md.`;
}
