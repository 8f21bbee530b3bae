import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backendSuite, withClock } from "micropie/testing";
import { describe, test } from "vitest";
import { TableBackend } from "../../examples/cas-backend.ts";

describe("the six methods of the example, by two instances on one file", () => {
  const suite = backendSuite({
    create({ now }) {
      const directory = mkdtempSync(join(tmpdir(), "micropie-"));
      const another = (): TableBackend => withClock(new TableBackend(join(directory, "texts")), now);
      return { backend: another(), another, close: () => rmSync(directory, { recursive: true }) };
    },
  });
  for (const { name, run } of suite) test(name, run);
});
