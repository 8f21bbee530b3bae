import fc from "fast-check";
import { createSessions } from "micropie";
import { GatedBackend, virtualEnvironment, withClock } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { ABSOLUTE, GRACE, IDLE, Model } from "./_model.ts";
import type { Real } from "./_model-commands.ts";
import type { Fields } from "./_model-request.ts";
import { commands } from "./_model-steps.ts";
import { stores } from "./testing/stores.ts";
import { BlobBackend, UpsertBackend } from "./testing/wrong-backends.ts";

/** How many programs for each store; `MODEL_RUNS=100000` for a night. */
const RUNS = Number(process.env.MODEL_RUNS ?? 2000);

function property(
  create: (typeof stores)[string],
): fc.IAsyncProperty<[Iterable<fc.AsyncCommand<Model, Real>>]> {
  return fc.asyncProperty(fc.commands(commands, { maxCommands: 80, size: "max" }), async (program) => {
    const clock = virtualEnvironment({ start: 1_000_000 });
    const store = new GatedBackend(create(clock.now));
    const engine = () =>
      createSessions<Fields>({
        backend: store,
        timeouts: { idle: IDLE, absolute: ABSOLUTE },
        rotationGrace: GRACE,
        touchThrottle: 0,
      });
    const real: Real = {
      store,
      clock,
      engines: Array.from({ length: 4 }, engine),
      slots: [],
      jars: [],
      given: [],
    };
    try {
      await fc.asyncModelRun(() => ({ model: new Model(clock.now()), real }), program);
    } finally {
      for (const slot of real.slots) slot.held?.gate.open();
      await store.settled();
      await store.close();
    }
  });
}

describe("overlapping requests do the same as their steps one after the other", () => {
  for (const [name, create] of Object.entries(stores)) {
    test(`${RUNS} random programs on ${name}`, () => fc.assert(property(create), { numRuns: RUNS }));
  }
});

describe("the model finds out", () => {
  for (const [name, Wrong] of Object.entries({ BlobBackend, UpsertBackend })) {
    test(`${name}, which is wrong`, async () => {
      const { failed } = await fc.check(
        property((now) => withClock(new Wrong(), now)),
        { numRuns: RUNS },
      );
      expect(failed).toBe(true);
    });
  }
});
