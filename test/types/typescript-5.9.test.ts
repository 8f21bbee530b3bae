import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureDist, root } from "../_command.ts";
import { compiled, PROGRAMS } from "./_compiled.ts";
import { compiledBy59, installTypeScript } from "./_typescript-5.9.ts";

const tsc7 = join(root, "node_modules/typescript/bin/tsc");

beforeAll(async () => {
  await installTypeScript();
  ensureDist();
});

const exactOptional = [
  ["with", true],
  ["without", false],
] as const;

const compile = (program: string, exactOptionalPropertyTypes: boolean): string =>
  compiledBy59(join(root, program, "tsconfig.json"), {
    noEmit: true,
    skipDefaultLibCheck: true,
    exactOptionalPropertyTypes,
  });

describe.each(PROGRAMS)("%s", (program) => {
  test.each(exactOptional)("compiles %s exactOptionalPropertyTypes", (_, exact) => {
    expect(compile(program, exact)).toBe("");
  });
});

describe("the program for Express 5, with the types of Express 4,", () => {
  test.each(exactOptional)("compiles %s exactOptionalPropertyTypes", async (_, exact) => {
    expect(compile("test/types/express4", exact)).toBe("");
    expect(await compiled(tsc7, "test/types/express4", exact)).toBe("");
  });
});
