import type { SessionBackend } from "../backends/backend.ts";
import { InMemorySessionBackend } from "../backends/memory.ts";
import { isProduction, warn } from "../warning.ts";

let isSaid = false;

/**
 * Returns a new `InMemorySessionBackend`. Emits a process warning, once, in production and in the second worker of a
 * cluster, where the sessions of one process are not enough. Passing a back-end of this class says that they are.
 */
export function defaultBackend(): SessionBackend {
  if (!isSaid && (isProduction() || isSecondWorker())) {
    isSaid = true;
    warn(
      "MICROPIE_MEMORY_BACKEND",
      "Sessions are in the memory of this process: they are gone when it ends, and other processes do not have them. " +
        "Pass a back-end to createSessions, such as SqliteSessionBackend or RedisSessionBackend. " +
        "If one process is all there is, pass new InMemorySessionBackend().",
    );
  }
  return new InMemorySessionBackend();
}

/** The second one only, so that a cluster says it once. */
function isSecondWorker(): boolean {
  const cluster = process.getBuiltinModule?.("node:cluster") as { worker?: { id: number } } | undefined;
  return cluster?.worker?.id === 2;
}
