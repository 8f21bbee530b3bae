import { describe, expect, test } from "vitest";
import { exampleCases } from "../_example-cases.ts";
import { startExample } from "../_example-server.ts";

describe.each(["bun", "deno", "workers"])("%s", async (name) => {
  // They use fetchSessions, of which every answer varies.
  await exampleCases(name, { opens: true });

  test("leaves nothing running", async () => {
    const { url, stop } = await startExample(name);
    await stop();
    await expect.poll(() => fetch(url).then(String, () => "nobody there")).toBe("nobody there");
  });
});
