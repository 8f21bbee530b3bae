import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "../src/sessions.ts";
import { openStore } from "../src/store.ts";

/** A file of its own, removed in the end. */
export async function openTestStore(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), "sessions-"));
  const { backend } = await openStore(join(folder, "sessions.sqlite"));
  return { backend, close: () => rm(folder, { recursive: true }) };
}
