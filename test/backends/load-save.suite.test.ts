import { backendSuite } from "micropie/testing";
import { describe, test } from "vitest";
import { userBackend } from "../testing/stores.ts";

const atOnce = async () => {};
const anyTime = async () => {
  for (let turns = Math.floor(Math.random() * 4); turns > 0; turns--) await new Promise(setImmediate);
};

for (const [how, delay] of Object.entries({ atOnce, anyTime })) {
  describe(`a back-end with load and save only, answering ${how}`, () => {
    const suite = backendSuite({ create: ({ now }) => ({ backend: userBackend(now, delay) }) });
    for (const { name, run } of suite) test(name, run);
  });
}
