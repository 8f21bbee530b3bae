import { backendSuite, virtualEnvironment } from "micropie/testing";
import { describe, test } from "vitest";
import { engineSuite } from "../engine/suite.ts";
import { userBackend } from "../testing/stores.ts";

/** Answers after no, one, two or three turns of the event loop. */
function answeringLater(): () => Promise<void> {
  const { random } = virtualEnvironment();
  return async () => {
    for (let turns = Math.floor(random() * 4); turns > 0; turns--) await new Promise(setImmediate);
  };
}

describe("a back-end with load and save only, answering at once", () => {
  const suite = backendSuite({ create: ({ now }) => ({ backend: userBackend(now) }) });
  for (const { name, run } of suite) test(name, run);
});

describe("a back-end with load and save only, answering later", () => {
  const create = ({ now }: { now: () => number }) => ({ backend: userBackend(now, answeringLater()) });
  for (const { name, run } of backendSuite({ create })) test(name, run);

  describe("the engine on it", () => {
    for (const { name, run } of engineSuite({ create })) test(name, run);
  });
});
