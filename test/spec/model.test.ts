import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { find, ServerMissing } from "../servers/find.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("../../scripts/model.js", import.meta.url));

interface Came {
  readonly done: readonly { readonly states: number; readonly complete: boolean }[];
  readonly broken: readonly { readonly breaks: string }[];
  readonly failed: readonly string[];
}

/** Why the model cannot be checked here, if it cannot: there is no package of Spin for every machine. */
const missing = await Promise.all([find("spin"), find("compiler")]).then(
  () => undefined,
  (error: unknown) => {
    if (error instanceof ServerMissing) return error.message;
    throw error;
  },
);

describe.skipIf(missing !== undefined)(`npm run model -- --quick${missing ? `: ${missing}` : ""}`, () => {
  test("every promise holds in all states of the small models, and is broken without a condition", async () => {
    const { stdout } = await run(process.execPath, [script, "--quick", "--json"]);
    const { done, broken, failed } = JSON.parse(stdout) as Came;
    expect(failed).toEqual([]);
    expect(done.map(({ complete, states }) => complete && states > 10_000)).toEqual([true, true, true]);
    const promises = ["C1", "C2", "C3", "C4", "C5", "C6", "C7", "U1", "U2"];
    expect(broken.map(({ breaks }) => breaks).sort()).toEqual(promises);
  });

  test("a promise that there is not is named", async () => {
    const asked = run(process.execPath, [script, "--only", "C10"]);
    await expect(asked).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no promise "C10"'),
    });
  });
});
