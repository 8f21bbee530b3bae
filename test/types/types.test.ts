import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureDist, root } from "../_command.ts";
import { compiled, EXAMPLES, PROGRAMS } from "./_compiled.ts";

const tsc = join(root, "node_modules/typescript/bin/tsc");

// The programs of test/types import the built package, as applications do.
beforeAll(ensureDist);

describe.each(PROGRAMS)("%s", (program) => {
  test.each([
    ["with", true],
    ["without", false],
  ])("compiles %s exactOptionalPropertyTypes", async (_, exactOptional) => {
    expect(await compiled(tsc, program, exactOptional)).toBe("");
  });
});

test.each(EXAMPLES)("%s compiles by itself, with its one declaration", async (example) => {
  expect(await compiled(tsc, example)).toBe("");
});
