import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { exampleCases } from "../_example-cases.ts";
import { startExample } from "../_example-server.ts";

describe.each(["bun", "deno", "workers"])("%s", (name) => {
  exampleCases(name);

  test("leaves nothing running", async () => {
    const { url, stop } = await startExample(name);
    await stop();
    const isThere = () =>
      fetch(url).then(
        () => true,
        () => false,
      );
    for (let tries = 0; tries < 50 && (await isThere()); tries++) await sleep(100);
    expect(await isThere()).toBe(false);
  });
});
