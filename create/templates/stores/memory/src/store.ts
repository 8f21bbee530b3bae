import { InMemorySessionBackend } from "micropie";
import type { Store } from "./sessions.ts";

/** Sessions in the memory of this process: gone when it ends, unknown to any other. */
export async function openStore(): Promise<Store> {
  return { backend: new InMemorySessionBackend(), close: async () => {} };
}
