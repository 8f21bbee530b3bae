// `npm run model:stores`: plays all schedules of the model on every back-end, which takes many minutes, and writes what came of it into docs/model.md.
// `npm run model:stores -- test/spec/layers.test.ts` plays those of one file; what is known of the others stays.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { playedBefore, recordPlayed } from "./model/runs.js";
import { storesTable, writeSection } from "./model/tables.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "micropie-played-"));
const outputFile = join(folder, "results.json");
const [first = "test/spec/", ...others] = process.argv.slice(2);
try {
  const { status } = spawnSync(
    process.execPath,
    [
      "node_modules/vitest/vitest.mjs",
      ...["run", "--project", "base", "--project", "stores", first, ...others],
      ...["--reporter=default", "--reporter=json", `--outputFile.json=${outputFile}`],
    ],
    { cwd: root, stdio: "inherit", env: { ...process.env, ALL_SCHEDULES: "1" } },
  );
  process.exitCode = status ?? 1;
  const { testResults } = JSON.parse(readFileSync(outputFile, "utf8"));
  for (const { ancestorTitles, title, status, duration } of testResults.flatMap(
    (each) => each.assertionResults,
  )) {
    const [, schedules] = /^each step of (\d+) schedules is the model's$/.exec(title) ?? [];
    if (schedules === undefined || status !== "passed") continue;
    const on = ancestorTitles.filter((name) => name !== "workerd").join(", ");
    recordPlayed(on, { schedules: Number(schedules), seconds: Math.round(duration) / 1000 });
  }
  writeSection("stores", storesTable(playedBefore()), "npm run model:stores");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
