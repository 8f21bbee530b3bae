import { mergeData } from "../_data.ts";
import type { StoredRecord } from "../_record.ts";
import type { DataChanges, SessionRecord } from "../backend.ts";
import { textOf } from "./client.ts";

/** The record in a reply of the script `read`. */
export function readRecord(reply: unknown): SessionRecord | undefined {
  if (typeof reply === "string") return parseRecord(reply, 0);
  if (reply == null) return undefined;
  const [text, merged] = unpack(reply);
  const record = parseRecord(text, 0);
  // What `save` stored without bookkeeping has no secret, so that no cookie can stand for it.
  return record === undefined || merged === undefined
    ? record
    : { ...record, data: mergeData(record.data, merged) };
}

/** The same with the lock, as a dictionary has it. Undefined if it has expired. */
export function readStored(reply: unknown): StoredRecord | undefined {
  if (reply == null) return undefined;
  const [text, merged] = unpack(reply);
  const start = text.indexOf("\n") + 1;
  const [fence, lockedUntil] = text.slice(0, start).split(" ");
  const record = parseRecord(text, start, true);
  if (record === undefined || record.expiresAt <= record.now) return undefined;
  const { now: _, ...rest } = record;
  const data = merged === undefined ? record.data : mergeData(record.data, merged);
  return { ...rest, data, fence: Number(fence), lockedUntil: Number(lockedUntil) };
}

function unpack(reply: unknown): [text: string, merged: DataChanges | undefined] {
  if (!Array.isArray(reply)) return [textOf(reply), undefined];
  const [text = "", ...fields] = reply.map(textOf);
  const set = new Map<string, string>();
  const unset: string[] = [];
  for (let n = 0; n < fields.length; n += 2) {
    const field = fields[n]!;
    const key = JSON.parse(field.slice(1)) as string;
    if (field.startsWith("+")) set.set(key, fields[n + 1]!);
    else unset.push(key);
  }
  return [text, { set, unset }];
}

/** One line of fields from `start` on, then the data. It is read at every request, so it is built in one go. */
function parseRecord(text: string, start: number, plain = false): SessionRecord | undefined {
  const end = text.indexOf("\n", start);
  const field = text.slice(start, end).split(" ");
  const secretHash = field[10]!;
  if (secretHash === "-" && !plain) return undefined;
  const previous = field[11]!;
  const user = field.length === 16 ? field[15]! : field.slice(15).join(" ");
  return {
    data: text.slice(end + 1),
    secretHash: secretHash === "-" ? "" : secretHash,
    previousSecretHash: previous === "-" ? null : previous,
    previousEpoch: +field[12]!,
    previousUntil: +field[13]!,
    epoch: +field[5]!,
    version: +field[2]!,
    createdAt: +field[8]!,
    expiresAt: +field[4]!,
    absoluteExpiresAt: +field[6]!,
    idleTimeout: +field[7]!,
    persistent: field[9] === "1",
    userId: user === "null" ? null : (JSON.parse(user) as string),
    now: +field[0]! + +field[1]! / 1e6,
  };
}
