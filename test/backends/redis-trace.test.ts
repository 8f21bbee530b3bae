import { expect, test } from "vitest";
import { trace } from "../_trace.ts";
import { onServer } from "../servers/on-server.ts";

await onServer("redis", ({ url }) => {
  test("a request on Express and Redis passes at most 29 files and 115 functions, with 100 changes of file", () => {
    const { files, functions, changes } = trace("express", { REDIS_URL: url });
    expect.soft(files, "files").toBeLessThanOrEqual(29);
    expect.soft(functions, "functions").toBeLessThanOrEqual(115);
    expect.soft(changes, "changes of file").toBeLessThanOrEqual(100);
  });
});
