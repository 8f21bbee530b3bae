import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { call, chain } from "./call.ts";
import { decoded } from "./codec.ts";
import { unlessDamaged } from "./damage.ts";
import { isInRealm, readHead } from "./head.ts";
import type { Engine, Live, Stored } from "./live.ts";
import { isExpired, judge } from "./load.ts";

/** Returns true if a record is damaged, and says so in an event. */
export function isDamaged(engine: Engine, handle: string, record: SessionRecord): boolean {
  const whole = (): boolean => Boolean(readHead(record.head) && decoded(record.data));
  return unlessDamaged(engine, handle, record, whole) === undefined;
}

/** Returns the record that is stored now; undefined if there is none, or it has expired, or is damaged. */
export function readNow(engine: Engine, handle: string): Awaitable<SessionRecord | undefined> {
  return chain(call(engine, "read", handle), (found) =>
    found === undefined || isExpired(found) || isDamaged(engine, handle, found) ? undefined : found,
  );
}

/** The same for an operator, whom no secret ties to the session: undefined for a record of another realm too. */
export function readInRealm(engine: Engine, handle: string): Awaitable<SessionRecord | undefined> {
  return chain(readNow(engine, handle), (found) =>
    found !== undefined && isInRealm(found, engine.options.realm) ? found : undefined,
  );
}

/**
 * Reads a session's record again. `ended`: there is none any more. `stale`: its rights have changed, or what the store
 * answered is another session's. A request that began before a rotation goes on, also after the grace.
 */
export function readAgain(
  { engine }: Pick<Live, "engine">,
  { handle, record }: Pick<Stored, "handle" | "record">,
): Awaitable<SessionRecord | "ended" | "stale"> {
  return chain(readNow(engine, handle), (found) => {
    if (found === undefined) return "ended";
    const isAnother = judge(found, record.secretHash) === "unknown";
    return isAnother || found.epoch !== record.epoch ? "stale" : found;
  });
}
