import type { SessionRecord } from "../backends/backend.ts";
import { call } from "../core/call.ts";
import { type Binding, headIn, headText, recall, remember } from "../core/head.ts";
import type { Engine } from "../core/live.ts";
import { readInRealm } from "../core/read-again.ts";
import { sleep } from "../environment.ts";
import { StateError } from "../errors.ts";
import { createSecret } from "./mac.ts";

const ATTEMPTS = 50;
const NO_CHANGES = { set: new Map<string, string>(), unset: [] };

/** Returns a binding that is offered to a browser now, and that no key belongs to yet. */
export function createBinding(now: number): Binding {
  return { secret: createSecret(), at: Math.floor(now) };
}

/** Returns the binding in the head of a record; undefined if it has none. */
export function bindingIn({ head }: Pick<SessionRecord, "head">): Binding | undefined {
  const whole = headIn(head);
  return whole && recall(whole).bound;
}

/** What became of a change: the record as it is then; `ended`: there is no such session; `refused`: nothing was changed. */
export type Amended = SessionRecord | "ended" | "refused";

/**
 * Changes the binding of a stored session, and nothing else: no deadline moves, and what others write meanwhile stays.
 * `change` returns the new one, undefined to leave it as it is; it may run more than once. Throws BackendError, StateError.
 */
export async function amendBinding(
  engine: Engine,
  handle: string,
  first: SessionRecord,
  change: (binding: Binding | undefined) => Binding | undefined,
): Promise<Amended> {
  let record: SessionRecord | undefined = first;
  for (let attempt = 0; attempt < ATTEMPTS && record !== undefined; attempt++) {
    const head = headIn(record.head);
    const bound = head && change(recall(head).bound);
    if (bound === undefined) return "refused";
    const { epoch, version, data } = record;
    const patch = {
      ifEpoch: epoch,
      ifVersion: version,
      baseVersion: version,
      data,
      changes: () => NO_CHANGES,
    };
    const text = headText(remember(head!, { bound }));
    const result = await call(engine, "patch", handle, { ...patch, idleTimeout: 0, head: text });
    if (result === "ended") return "ended";
    if (result !== "stale") return { ...record, head: text, version: version + 1 };
    if (attempt > 0) await sleep(engine.environment, (engine.environment.random() * attempt) / 1000);
    record = await readInRealm(engine, handle);
  }
  if (record === undefined) return "ended";
  throw new StateError(
    "conflict",
    "Other requests kept changing the session. Nothing was stored; try again.",
  );
}
