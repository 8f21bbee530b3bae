import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { processCases } from "./cases.ts";

const directory = mkdtempSync(join(tmpdir(), "micropie-"));

// Registered before the cases' own, so it runs after them.
afterAll(() => rmSync(directory, { recursive: true }));

processCases("four processes on six methods of one's own", () => ({
  kind: "cas",
  path: join(directory, "texts.sqlite"),
}));
