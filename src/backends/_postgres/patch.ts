import type { SessionPatch } from "../../record/contract.ts";
import type { Statement } from "./client.ts";
import type { PostgresValue } from "./like.ts";
import type { Statements } from "./statements.ts";

/** Returns the statement that stores what a patch has made of the data, and its values. */
export function patchQuery(
  sql: Statements,
  handle: string,
  patch: SessionPatch,
  data: string,
  version: number,
  ifSecretHash: string | null = null,
): [Statement, PostgresValue[]] {
  const { rotation, head = null, idleTimeout, ifEpoch, ifFence = null } = patch;
  const conditions = [handle, version, ifEpoch, ifFence, ifSecretHash];
  const values: PostgresValue[] = [...conditions, data, head, idleTimeout];
  if (rotation === undefined) return [sql.store, values];
  const { secretHash, grace, raiseEpoch, userId = null, absoluteTimeout = null, restartIdle } = rotation;
  const first = absoluteTimeout === null && !restartIdle ? null : idleTimeout;
  values.push(grace, secretHash, raiseEpoch ? 1 : 0, userId, absoluteTimeout, first);
  return [sql.rotate, values];
}
