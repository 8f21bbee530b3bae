import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { ensureDist, root } from "../_command.ts";
import { install } from "../_install.ts";
import { compiled, PROGRAMS } from "./_compiled.ts";

const folder = new URL("../typescripts/", import.meta.url);
const tsc5 = fileURLToPath(new URL("node_modules/ts5.9/bin/tsc", folder));
const tsc7 = join(root, "node_modules/typescript/bin/tsc");

beforeAll(async () => {
  await install(folder, () => existsSync(tsc5));
  ensureDist();
});

const exactOptional = [
  ["with", true],
  ["without", false],
] as const;

describe.each(PROGRAMS)("%s", (program) => {
  test.each(exactOptional)("compiles %s exactOptionalPropertyTypes", async (_, exact) => {
    expect(await compiled(tsc5, program, exact)).toBe("");
  });
});

describe("the program for Express 5, with the types of Express 4,", () => {
  test.each(exactOptional)("compiles %s exactOptionalPropertyTypes", async (_, exact) => {
    expect(await compiled(tsc5, "test/types/express4", exact)).toBe("");
    expect(await compiled(tsc7, "test/types/express4", exact)).toBe("");
  });
});
