import type {
  DataChanges,
  NewRecord,
  PatchResult,
  Rotation,
  SessionPatch,
  SessionRecord,
} from "../../record/contract.ts";
import { mergeData } from "../../record/data.ts";
import { illegible, type StoredRecord } from "../../record/record.ts";
import { textOf } from "./client.ts";

/*
 * What scripts are called with, and what they reply. Numbers and hashes share one argument, separated by spaces, because
 * each argument costs the client more than the script needs to take them apart.
 */

/** The results of a patch, by the number that the scripts reply; none for 5, if a merge may make the data too large. */
export const RESULTS: readonly PatchResult[] = ["ended", "ok", "merged", "stale"];

/** The reply if somebody else has written since: nothing was stored, and the changes are needed. */
export const BEHIND = 4;

/** Ends the data in a reply; no JSON text contains it. The head follows. */
const END_OF_DATA = "\u0000";

/**
 * Conditions, data, whatever else comes `between`, then names and values of fields to set: the head, and the changes. The
 * whole data is sent unless `isBehind`, or if the patch was not made from the version that it requires.
 */
export function patchArguments(
  patch: SessionPatch,
  nonce: string,
  isBehind: boolean,
  between: readonly string[] = [],
): string[] {
  const { baseVersion, ifEpoch, idleTimeout, ifVersion = "-", ifFence = "-", ifSecretHash = "-" } = patch;
  const isWhole = !isBehind && baseVersion > 0 && (ifVersion === "-" || ifVersion === baseVersion);
  const limit = isWhole ? "-" : (patch.maxBytes ?? "-");
  let conditions = `${nonce} ${baseVersion} ${ifEpoch} ${idleTimeout}`;
  if (limit !== "-" || ifVersion !== "-" || ifFence !== "-" || ifSecretHash !== "-")
    conditions += ` ${limit} ${ifVersion} ${ifFence} ${ifSecretHash}`;
  const args = [conditions, isWhole ? patch.data : "", ...between];
  if (patch.head !== undefined) args.push("h", patch.head);
  if (isWhole) return args;
  const changes = patch.changes();
  for (const [key, text] of changes.set) args.push(`+${JSON.stringify(key)}`, text);
  for (const key of changes.unset) args.push(`-${JSON.stringify(key)}`, "");
  return args;
}

/** `told`: when the index was told of this sign-in, or "-" if the session has no user. */
export function rotateArguments(
  patch: SessionPatch,
  { secretHash, grace, raiseEpoch, userId, absoluteTimeout, restartIdle }: Rotation,
  nonce: string,
  told: string,
  isBehind: boolean,
): string[] {
  let rotation = `${secretHash} ${grace} ${raiseEpoch ? 1 : 0} ${told}`;
  if (absoluteTimeout !== undefined) rotation += ` ${absoluteTimeout}`;
  else if (restartIdle) rotation += " -";
  return patchArguments(patch, nonce, isBehind, [rotation, userText(userId ?? null)]);
}

export function createArguments(record: NewRecord, told: string): string[] {
  const { idleTimeout, absoluteTimeout, secretHash, userId, data, head } = record;
  return [`${idleTimeout} ${absoluteTimeout} ${secretHash} ${told}`, userText(userId), data, head];
}

/** Returns whether the hashes have no spaces, like all that the engine makes. */
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
  const { version, epoch, absoluteExpiresAt, userId, data, head } = record;
  const { secretHash, previousSecretHash, previousEpoch, previousUntil, expiresAt, fence, lockedUntil } =
    record;
  const fields = [
    ...[timeout, from, version, epoch, absoluteExpiresAt],
    ...[secretHash || "-", previousSecretHash || "-", previousEpoch, previousUntil],
    ...[expiresAt, fence, lockedUntil, told],
  ];
  return [fields.join(" "), userText(userId), data, head];
}

/** Returns a user's id as the scripts compare it; "" for nobody. */
export function userText(userId: string | null): string {
  return userId === null ? "" : JSON.stringify(userId);
}

/** Returns a result as a number, or a time as a text. */
export function answerOf(reply: unknown): number | string {
  if (typeof reply === "number") return reply;
  const text = textOf(reply);
  return text.includes(".") ? text : Number(text);
}

/** Returns the fence in a reply of the script `lock`, or why there is none. */
export function lockIn(reply: unknown): number | "busy" | "ended" {
  const fence = Number(reply);
  if (fence > 0) return fence;
  return fence === 0 ? "ended" : "busy";
}

/** Returns the record in a reply of the script `read`. One without a secret was stored by `save`, and is no session. */
export function readRecord(reply: unknown): SessionRecord | undefined {
  const record = parse(reply);
  return record === undefined || (record.secretHash === "" && record.version > 0) ? undefined : record;
}

/** Returns the same with its lock, also for one without a secret. Undefined if it has expired. */
export function readStored(reply: unknown): StoredRecord | undefined {
  if (reply == null) return undefined;
  const [first = "", ...merged] = textsOf(reply);
  const start = first.indexOf("\n") + 1;
  const [fence, lockedUntil] = first.slice(0, start).split(" ");
  const record = parse([first.slice(start), ...merged]);
  if (record === undefined || record.expiresAt <= record.now || record.version === 0) return undefined;
  const { now: _, ...stored } = record;
  return { ...stored, fence: Number(fence), lockedUntil: Number(lockedUntil) };
}

/** Returns a string that is stored as JSON, as users' ids and keys are; undefined if it is damaged. */
export function stringIn(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Reads one line of fields, the data, and the head; in a list, what was merged since follows. */
function parse(reply: unknown): SessionRecord | undefined {
  if (reply == null) return undefined;
  const [text = "", ...merged] = typeof reply === "string" ? [reply] : textsOf(reply);
  const line = text.indexOf("\n");
  const end = text.indexOf(END_OF_DATA, line);
  const field = text.slice(0, line).split(" ");
  const data = text.slice(line + 1, end);
  const previous = field[8]!;
  const user = field.length === 13 ? field[12]! : field.slice(12).join(" ");
  const now = +field[0]! + +field[1]! / 1e6;
  const absoluteExpiresAt = +field[6]!;
  const userId = user === "null" ? null : stringIn(user);
  const isWhole = userId !== undefined && +field[2]! > 0 && +field[4]! > 0 && absoluteExpiresAt > 0;
  if (!isWhole) return illegible(now);
  return {
    data: merged.length === 0 ? data : (mergeData(data, changesIn(merged)) ?? data),
    secretHash: field[7] === "-" ? "" : field[7]!,
    previousSecretHash: previous === "-" ? null : previous,
    previousEpoch: +field[9]!,
    previousUntil: +field[10]!,
    epoch: +field[5]!,
    version: +field[2]!,
    expiresAt: +field[4]!,
    absoluteExpiresAt,
    userId,
    head: text.slice(end + 1),
    now,
  };
}

function textsOf(reply: unknown): string[] {
  return Array.isArray(reply) ? reply.map(textOf) : [textOf(reply)];
}

function changesIn(fields: readonly string[]): DataChanges {
  const set = new Map<string, string>();
  const unset: string[] = [];
  for (let n = 0; n < fields.length; n += 2) {
    const field = fields[n]!;
    const key = stringIn(field.slice(1)) ?? field;
    if (field.startsWith("+")) set.set(key, fields[n + 1]!);
    else unset.push(key);
  }
  return { set, unset };
}
