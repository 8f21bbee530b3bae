import type { StoredRecord } from "../_record.ts";
import type { DataChanges, NewRecord, Rotation, SessionPatch } from "../backend.ts";

/*
 * What the scripts are called with. Numbers and hashes share one argument, divided by spaces, because each argument
 * costs the client more than the script needs to take them apart.
 */

/** `told`: when the index was told of this sign-in, or "-" if there is nobody to tell of. */
export function createArguments(record: NewRecord, told: string): string[] {
  const { idleTimeout, absoluteTimeout, persistent, secretHash, userId, data } = record;
  const fields = `${idleTimeout} ${absoluteTimeout} ${flag(persistent)} ${secretHash} ${told}`;
  return [fields, userText(userId), data];
}

/** Whether the hashes can stand between spaces, as all that we made can. */
export function hasPlainHashes({ secretHash, previousSecretHash }: StoredRecord): boolean {
  return /^\S{2,}$/.test(secretHash) && /^(\S{2,})?$/.test(previousSecretHash ?? "");
}

/** `from` is "now" if the record's times count from the moment at which it is stored. */
export function saveArguments(
  record: StoredRecord,
  timeout: number,
  from: "now" | "0",
  told: string,
): string[] {
  const { version, epoch, absoluteExpiresAt, idleTimeout, createdAt, persistent, userId, data } = record;
  const { secretHash, previousSecretHash, previousEpoch, previousUntil, expiresAt, fence, lockedUntil } =
    record;
  const fields = [
    ...[timeout, from, version, epoch, absoluteExpiresAt, idleTimeout, createdAt, flag(persistent)],
    ...[secretHash || "-", previousSecretHash || "-", previousEpoch, previousUntil],
    ...[expiresAt, fence, lockedUntil, told],
  ];
  return [fields.join(" "), userText(userId), data];
}

/** The conditions and the data, or instead of the data the changes. `nonce`: the same at each try of one patch. */
export function patchArguments(patch: SessionPatch, nonce: string, changes?: DataChanges): string[] {
  const { baseVersion, ifEpoch, idleTimeout, ifVersion = "-", ifFence = "-", ifSecretHash = "-" } = patch;
  let fields = `${nonce} ${baseVersion} ${ifEpoch} ${idleTimeout}`;
  if (ifVersion !== "-" || ifFence !== "-" || ifSecretHash !== "-")
    fields += ` ${ifVersion} ${ifFence} ${ifSecretHash}`;
  return changes === undefined ? [fields, patch.data] : [fields, "", ...changeFields(changes)];
}

export function rotateArguments(
  patch: SessionPatch,
  rotation: Rotation,
  nonce: string,
  told: string,
  changes?: DataChanges,
): string[] {
  const { secretHash, grace, raiseEpoch, userId = null, lifetime } = rotation;
  let fields = `${secretHash} ${grace} ${flag(raiseEpoch)} ${told}`;
  if (lifetime !== undefined)
    fields += ` ${lifetime.idleTimeout} ${lifetime.absoluteTimeout} ${flag(lifetime.persistent)}`;
  const [conditions = "", data = "", ...changed] = patchArguments(patch, nonce, changes);
  return [conditions, data, fields, userText(userId), ...changed];
}

/** A user's id as the scripts compare it; "" for nobody. */
export function userText(userId: string | null): string {
  return userId === null ? "" : JSON.stringify(userId);
}

function changeFields({ set, unset }: DataChanges): string[] {
  const fields: string[] = [];
  for (const [key, text] of set) fields.push(`+${JSON.stringify(key)}`, text);
  for (const key of unset) fields.push(`-${JSON.stringify(key)}`, "");
  return fields;
}

function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}
