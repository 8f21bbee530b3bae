import type { NewRecord, SessionPatch } from "micropie/backends/backend";

/** A record as the engine makes it, with these differences. */
export function newRecord(differences: Partial<NewRecord> = {}): NewRecord {
  return {
    data: '{"visits":1}',
    secretHash: "hash-1",
    userId: null,
    idleTimeout: 100,
    absoluteTimeout: 1000,
    head: '{"idle":100,"absolute":1000,"persistent":false}',
    ...differences,
  };
}

/** A patch made from version 1 that sets these keys, with these differences. */
export function newPatch(
  set: Record<string, unknown>,
  differences: Partial<SessionPatch> = {},
): SessionPatch {
  const texts = Object.entries(set).map(([key, value]) => [key, JSON.stringify(value)] as const);
  return {
    ifEpoch: 0,
    baseVersion: 1,
    data: JSON.stringify({ visits: 1, ...set }),
    changes: () => ({ set: new Map(texts), unset: [] }),
    idleTimeout: 100,
    ...differences,
  };
}

/** A handle for each number. */
export function handleOf(number: number): string {
  return `handle-${String(number).padStart(9, "0")}`;
}
