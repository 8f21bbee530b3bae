import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { SessionError } from "../errors.ts";
import { call, chain } from "./call.ts";
import { publish } from "./events.ts";
import { headIn, headText } from "./head.ts";
import type { Engine } from "./live.ts";
import { reported, retiredUntil } from "./retired.ts";
import { aboutOf } from "./session.ts";

const ATTEMPTS = 3;
const NO_CHANGES = { set: new Map<string, string>(), unset: [] };

/**
 * A replaced id has come again after its grace: says so once for each id and session, in any process, because the store
 * takes the note of it only once. With the option `onReuse: "revoke"` ends the session, unless the request brought its
 * current id too (`isHolder`): then the old one is a leftover. Never throws; if no note can be taken, it says so all the same.
 */
export function reportReuse(
  engine: Engine,
  handle: string,
  record: SessionRecord,
  secretHash: string,
  isHolder: boolean,
): Awaitable<void> {
  const say = (): void => publish(engine, "reused", aboutOf(handle, record));
  const unsaid = (error: unknown): void => {
    if (!(error instanceof SessionError)) throw error;
    say();
  };
  try {
    const done =
      engine.options.onReuse === "revoke" && !isHolder
        ? revoke(engine, handle, record, say)
        : note(engine, handle, record, secretHash, say);
    return done instanceof Promise ? done.catch(unsaid) : done;
  } catch (error) {
    return unsaid(error);
  }
}

function revoke(engine: Engine, handle: string, record: SessionRecord, say: () => void): Awaitable<void> {
  return chain(call(engine, "delete", handle, undefined, "revoked"), (ended) => {
    if (!ended) return;
    say();
    publish(engine, "revoked", { ...aboutOf(handle, record), reason: "reused", all: false });
  });
}

function note(
  engine: Engine,
  handle: string,
  record: SessionRecord,
  secretHash: string,
  say: () => void,
  attempt = 1,
): Awaitable<void> {
  if (retiredUntil(record, secretHash) === 0) return;
  const head = headIn(record.head);
  if (head === undefined) return say();
  const patch = {
    ifEpoch: record.epoch,
    ifVersion: record.version,
    baseVersion: record.version,
    data: record.data,
    changes: () => NO_CHANGES,
    // A request with an old id keeps no session alive.
    idleTimeout: 0,
    head: headText(reported(head, secretHash)),
  };
  return chain(call(engine, "patch", handle, patch), (result) => {
    if (result === "ended") return;
    if (result !== "stale" || attempt === ATTEMPTS) return say();
    return chain(call(engine, "read", handle), (found) =>
      found === undefined ? undefined : note(engine, handle, found, secretHash, say, attempt + 1),
    );
  });
}
