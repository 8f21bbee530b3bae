import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newPatch, newRecord } from "./_records.ts";

const CHILD = fileURLToPath(new URL("_sqlite-full.ts", import.meta.url));
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "micropie-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs a command in which this folder is a disk of 16 MiB, which nobody else sees and which goes with it. */
function onSmallDisk(
  at: string,
  command: readonly string[],
): { status: number | null; out: string; error: string } {
  const mount = 'mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@"';
  const flags = process.getuid?.() === 0 ? "-m" : "-rm";
  const { status, stdout, stderr } = spawnSync("unshare", [flags, "sh", "-c", mount, at, ...command], {
    encoding: "utf8",
  });
  return { status, out: stdout ?? "", error: stderr ?? "" };
}

const canMount = onSmallDisk(tmpdir(), ["true"]).status === 0;
const title = canMount
  ? "a full disk"
  : "a full disk; not run, because this machine lets no test mount a tmpfs";

describe.skipIf(!canMount)(title, () => {
  test.each([20, 2000, 15_000])(
    "of %d sessions, all that log out have ended, also by a revocation of all, while no new ones fit",
    (stored) => {
      const logouts = Math.min(stored - 2, 300);
      const { out, error } = onSmallDisk(folder, [
        process.execPath,
        CHILD,
        folder,
        `${stored}`,
        `${logouts}`,
      ]);
      const expected = { refused: true, ended: logouts, revoked: true, gone: logouts };
      expect(JSON.parse(out || JSON.stringify(error))).toEqual(expected);
    },
  );
});

test("a file grows by as much as a session needs", async () => {
  const backend = new SqliteSessionBackend(join(folder, "sessions.db"));
  const other = new SqliteSessionBackend(join(folder, "sessions.db"));
  await backend.create("a", newRecord());
  const text = "x".repeat(5_000_000);
  expect(await backend.patch("a", newPatch({ text }))).toBe("ok");
  expect(await other.create("b", newRecord({ data: JSON.stringify({ text }) }))).toBe(true);
  expect(await backend.create("c", newRecord({ data: JSON.stringify({ text }) }))).toBe(true);
  expect((await other.read("c"))?.data).toHaveLength(text.length + 11);
  expect(await other.listByUser("")).toEqual([]);
  backend.close();
  other.close();
});
