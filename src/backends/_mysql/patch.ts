import type { SessionPatch } from "../../record/contract.ts";
import type { SqlValue } from "../_sql/row.ts";
import type { MysqlQuery } from "./like.ts";
import type { Statements } from "./statements.ts";

/** Returns the statement that stores what a patch has made of the data, and its values. */
export function patchQuery(
  sql: Statements,
  handle: string,
  patch: SessionPatch,
  data: string,
  version: number,
  ifSecretHash: string | null = null,
): [MysqlQuery, SqlValue[]] {
  const { rotation, head = null, idleTimeout, ifEpoch, ifFence = null } = patch;
  const conditions = [handle, version, ifEpoch, ifFence, ifSecretHash];
  if (rotation === undefined) return [sql.store, [data, head, idleTimeout, ...conditions]];
  const { secretHash, grace, raiseEpoch, userId = null, absoluteTimeout = null, restartIdle } = rotation;
  const first = absoluteTimeout === null && !restartIdle ? null : idleTimeout;
  const rotated = [grace, secretHash, raiseEpoch ? 1 : 0, userId];
  const deadlines = [first, absoluteTimeout, idleTimeout, absoluteTimeout];
  return [sql.rotate, [data, head, ...rotated, ...deadlines, ...conditions]];
}
