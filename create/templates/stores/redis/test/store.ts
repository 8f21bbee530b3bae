import { InMemorySessionBackend } from "micropie";
import type { Store } from "../src/sessions.ts";
import { openStore } from "../src/store.ts";

/** The Redis of the variable REDIS_URL, or memory if there is none, which answers in the same way. */
export async function openTestStore(): Promise<Store> {
  if (process.env.REDIS_URL) return openStore();
  return { backend: new InMemorySessionBackend(), close: async () => {} };
}
