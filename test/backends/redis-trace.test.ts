import { expect, test } from "vitest";
import { trace } from "../_trace.ts";
import { onServer } from "../servers/on-server.ts";

await onServer("redis", ({ url }) => {
  test("a request on Express and Redis passes at most 33 files and 126 functions, with 106 changes of file", () => {
    const { files, functions, changes } = trace("express", { REDIS_URL: url });
    expect.soft(files, "files").toBeLessThanOrEqual(33);
    expect.soft(functions, "functions").toBeLessThanOrEqual(126);
    expect.soft(changes, "changes of file").toBeLessThanOrEqual(106);
  });
});
