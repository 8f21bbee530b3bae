import type { LoadSave, SessionBackend } from "../backends/backend.ts";
import type { Environment } from "../environment.ts";
import { publish } from "./events.ts";
import { headText, inRealm, isInRealm } from "./head.ts";
import { headOf } from "./lifetime.ts";
import { isTurn } from "./limit-turn.ts";
import type { BoundOption, Engine, LegacySeam } from "./live.ts";
import { nobodyObserves } from "./observed.ts";
import { resolveBackend } from "./options.ts";
import { plainUser, realmOfUser } from "./realm.ts";
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
  bound?: BoundOption,
): Engine {
  const backend = resolveBackend(given);
  if (environment !== undefined) backend.environment = environment;
  const head = inRealm(headOf(options), options.realm);
  const engine: Engine = {
    backend,
    options,
    environment: backend.environment,
    legacy,
    bound: bound?.attach(options),
    head: { value: head, text: headText(head) },
    queues: new Map(),
    turns: new Map(),
    ends: endsOf(backend),
    observed: nobodyObserves(),
  };
  listenToBackend(engine);
  return engine;
}

const ends = new WeakMap<SessionBackend, Engine["ends"]>();

function endsOf(backend: SessionBackend): Engine["ends"] {
  const known = ends.get(backend) ?? { watcher: undefined };
  ends.set(backend, known);
  return known;
}

/** The engines on each back-end, by realm. */
const engines = new WeakMap<SessionBackend, Map<string, Engine>>();

/** A back-end belongs to all of its engines: whose session has expired shows in the user's realm, if there is one. */
function listenToBackend(first: Engine): void {
  const { backend } = first;
  const on = engines.get(backend) ?? new Map<string, Engine>();
  engines.set(backend, on.set(first.options.realm, on.get(first.options.realm) ?? first));
  backend.onExpired ??= (handle, userId) => {
    if (isTurn(handle)) return;
    const engine = (userId !== null && on.get(realmOfUser(userId))) || first;
    publish(engine, "expired", { handle, userId: plainUser(userId) });
  };
  // Locks and lists of events, which move as well, are of no realm.
  backend.onMoved ??= (handle, record, places) => {
    for (const engine of on.values())
      if (isInRealm(record, engine.options.realm))
        publish(engine, "moved", { handle, userId: plainUser(record.userId), ...places });
  };
}
