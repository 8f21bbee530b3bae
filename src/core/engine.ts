import type { LoadSave, SessionBackend } from "../backends/backend.ts";
import type { Environment } from "../environment.ts";
import { publish } from "./events.ts";
import { headText } from "./head.ts";
import { headOf } from "./lifetime.ts";
import type { Engine, LegacySeam } from "./live.ts";
import { resolveBackend } from "./options.ts";
import { plainUser } from "./realm.ts";
import type { ResolvedOptions } from "./resolved-options.ts";

/**
 * Wires a back-end to its options; the back-end gets the environment too. Throws ConfigError `backend` for anything that
 * is not a back-end.
 */
export function createEngine(
  given: SessionBackend | LoadSave | undefined,
  options: ResolvedOptions,
  environment?: Environment,
  legacy?: LegacySeam,
): Engine {
  const backend = resolveBackend(given);
  if (environment !== undefined) backend.environment = environment;
  backend.onExpired ??= (handle, userId) => publish("expired", { handle, userId: plainUser(userId) });
  const head = headOf(options);
  return {
    backend,
    options,
    environment: backend.environment,
    legacy,
    head: { value: head, text: headText(head) },
    queues: new Map(),
    turns: new Map(),
  };
}
