import { InMemorySessionBackend } from "micropie";
import { backendSuite } from "micropie/testing";
import { describe, test } from "vitest";

describe("InMemorySessionBackend", () => {
  const suite = backendSuite({ create: ({ now }) => ({ backend: new InMemorySessionBackend({ now }) }) });
  for (const { name, run } of suite) test(name, run);
});
