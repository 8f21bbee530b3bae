import { InMemorySessionBackend } from "micropie";
import { backendSuite, withClock } from "micropie/testing";
import { describe, test } from "vitest";

describe("InMemorySessionBackend", () => {
  const suite = backendSuite({
    create: ({ now }) => ({ backend: withClock(new InMemorySessionBackend(), now) }),
  });
  for (const { name, run } of suite) test(name, run);
});
