import { InMemorySessionBackend } from "micropie";
import { backendSuite, engineSuite } from "micropie/testing";
import { describe, test } from "vitest";

const create = () => ({ backend: new InMemorySessionBackend() });

describe("InMemorySessionBackend", () => {
  for (const { name, run } of backendSuite({ create })) test(name, run);
});

describe("the engine on InMemorySessionBackend", () => {
  for (const { name, run } of engineSuite({ create })) test(name, run);
});
