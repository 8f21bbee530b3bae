import { AsyncLocalStorage } from "node:async_hooks";
import type { Sessions } from "../core/sessions.ts";
import type { Visit } from "../visit/visit.ts";

/** The visits of the actions and route handlers that run now, each of which has called the next. */
const running = new AsyncLocalStorage<readonly Visit[]>();

/** By the request, or by the action that calls them: what the next one waits for. */
const turns = new WeakMap<object, Promise<unknown>>();

/** Runs an action or handler that uses this visit. */
export function inside<R>(visit: Visit, run: () => R): R {
  return running.run([...(running.getStore() ?? []), visit], run);
}

/** Returns the visit of the same sessions by the action or handler that calls this one, if there is one. */
export function visitAround(sessions: Sessions): Visit | undefined {
  return running.getStore()?.find(({ mount }) => (mount.sessions as unknown) === sessions);
}

/**
 * Runs actions of one request one after the other, so that the second sees the cookie of the first. `request` is an
 * object that belongs to the request.
 */
export async function inTurn<R>(request: object, run: () => Promise<R>): Promise<R> {
  const place = running.getStore() ?? request;
  const turn = (turns.get(place) ?? Promise.resolve()).then(run);
  const over = turn.catch(() => {});
  turns.set(place, over);
  return turn;
}
