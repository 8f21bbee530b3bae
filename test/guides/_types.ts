import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { environment } from "../_command.ts";

/**
 * What the compiler has to say of an example, against the framework's own types, and of more code beside it; empty if
 * nothing.
 */
export function typeErrors(example: string, more?: string, compilerOptions: object = {}): string {
  const folder = fileURLToPath(new URL(`../../examples/${example}`, import.meta.url));
  const beside = join(folder, ".types");
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const run = (args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync("npm", args, {
      cwd: folder,
      env: environment({ NODE_ENV: undefined, PATH }),
      encoding: "utf8",
    });
    return status === 0 ? "" : `${stdout}${stderr}`;
  };
  try {
    if (more === undefined) return run(["run", "--silent", "types"]);
    mkdirSync(beside, { recursive: true });
    writeFileSync(join(beside, "more.ts"), more);
    writeFileSync(
      join(beside, "tsconfig.json"),
      JSON.stringify({ extends: "../tsconfig.json", compilerOptions, include: ["more.ts"] }),
    );
    return run(["exec", "--no", "--", "tsc", "-p", ".types", "--noEmit"]);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/** What one `Register` types in a framework whose packages only its example has: the program of test/types/guests. */
export function registerCases(example: string): void {
  const program = new URL(`../types/guests/${example}.ts`, import.meta.url);
  test.each([true, false])("one declaration types everything, exactOptionalPropertyTypes %s", (exact) => {
    const options = { exactOptionalPropertyTypes: exact, noUnusedLocals: false };
    expect(typeErrors(example, readFileSync(program, "utf8"), options)).toBe("");
  });
}
