import { InMemorySessionBackend } from "micropie";
import { backendSuite } from "micropie/testing";
import { describe, test } from "vitest";
import { engineSuite } from "../engine/suite.ts";

const create = () => ({ backend: new InMemorySessionBackend() });

describe("InMemorySessionBackend", () => {
  for (const { name, run } of backendSuite({ create })) test(name, run);
});

describe("the engine on InMemorySessionBackend", () => {
  for (const { name, run } of engineSuite({ create })) test(name, run);
});
