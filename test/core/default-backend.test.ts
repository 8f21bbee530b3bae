import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const index = new URL("../../src/index.ts", import.meta.url).href;

/** What a program prints to stderr that makes sessions twice. */
function printedBy(options: string, environment: string): string {
  const program = `
    import { createSessions, InMemorySessionBackend } from ${JSON.stringify(index)};
    for (const each of [1, 2]) await createSessions(${options}).close();`;
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program],
    {
      encoding: "utf8",
      env: { ...process.env, NODE_ENV: environment },
      cwd: fileURLToPath(new URL(".", import.meta.url)),
    },
  );
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  return stderr;
}

test("in production, the default back-end warns once that its sessions are in memory, and says what to pass", () => {
  const printed = printedBy("", "production");
  expect(printed.match(/MICROPIE_MEMORY_BACKEND/g)).toHaveLength(1);
  expect(printed).toMatch(/SqliteSessionBackend or RedisSessionBackend.*new InMemorySessionBackend\(\)/s);
});

test.each([
  ["{ backend: new InMemorySessionBackend() }", "production"],
  ["", "development"],
])("createSessions(%s) in %s warns of nothing", (options, environment) => {
  expect(printedBy(options, environment)).toBe("");
});
