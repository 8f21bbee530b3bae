import { randomBytes } from "node:crypto";
import type { NewRecord, PatchResult, Rotation, SessionPatch, WholeRecord } from "../../record/contract.ts";
import { type StoredRecord, wholeRecord } from "../../record/record.ts";
import { textOf } from "./client.ts";
import { END, headText, milliseconds, moment, startOf, storedIn, timeText } from "./text.ts";

/*
 * What scripts are called with, and what they reply. Numbers and hashes share one argument, separated by spaces, because
 * each argument costs the client more than the script needs to take them apart.
 */

/** The results of a patch, by the number that the scripts reply; none for 5, if a merge may make the data too large. */
export const RESULTS: readonly PatchResult[] = ["ended", "ok", "merged", "stale"];

/** The reply if the record is not as the patch expects: nothing was stored, and the changes are needed. */
export const BEHIND = 4;

/**
 * How much earlier than it should be the deadline of a changed session may stay, as a part of the idle timeout: moving it costs
 * the server half as much again.
 */
const SLACK = 0.01;

/** Seconds within which the index need not be told again. */
const TOLD_WITHIN = 600;

/**
 * Returns the arguments of `replace`; undefined for a patch that is more than new data for the newest version. `now` is the
 * server's clock, if it is known.
 */
export function replaceArguments(
  patch: SessionPatch,
  nonce: string,
  now: number | undefined,
  mergeUntil: number,
): string[] | undefined {
  const { baseVersion, ifEpoch, idleTimeout } = patch;
  const isSimple =
    baseVersion > 0 &&
    patch.head === undefined &&
    patch.ifVersion === undefined &&
    patch.ifFence === undefined &&
    patch.ifSecretHash === undefined;
  if (!isSimple) return undefined;
  const [late, told] =
    now === undefined ? MOVE : [timeText(now + idleTimeout * (1 - SLACK)), timeText(now - TOLD_WITHIN)];
  const given =
    startOf(baseVersion, ifEpoch) +
    startOf(baseVersion + 1, ifEpoch) +
    nonce +
    late +
    told +
    milliseconds(idleTimeout);
  return mergeUntil > 0 ? [given, patch.data, ...mergedIn(patch, mergeUntil)] : [given, patch.data];
}

/** Returns the changes as they are merged, until when they may be, and to how many bytes. */
function mergedIn(patch: SessionPatch, until: number): string[] {
  const changes = changesOf(patch).filter((text) => text !== "");
  return [changes.map((text) => END + text).join(""), String(until), String(patch.maxBytes ?? ALWAYS)];
}

/** Moves the deadline, and looks whether to tell the index. */
const MOVE = ["~".repeat(13), "~".repeat(13)];

/** Merges whenever it arrives. */
export const ALWAYS = 9e15;

/**
 * Conditions, data, head, and the changes. The whole data is sent, unless the patch was not made from the version that it
 * requires. The changes may be merged until `mergeUntil`, in milliseconds of the server's clock; 0 for never.
 */
export function patchArguments(patch: SessionPatch, nonce: string, mergeUntil: number): string[] {
  const { baseVersion, ifEpoch, idleTimeout, ifVersion = "-", ifFence = "-", ifSecretHash = "-" } = patch;
  const isWhole = baseVersion > 0 && (ifVersion === "-" || ifVersion === baseVersion);
  const until = isWhole ? mergeUntil : ALWAYS;
  const conditions = [
    ...[nonce, baseVersion, ifEpoch, milliseconds(idleTimeout)],
    ...[patch.maxBytes ?? "-", ifVersion, ifFence, ifSecretHash, until],
  ];
  const head = patch.head === undefined ? "" : `=${headText(patch.head)}`;
  return [conditions.join(" "), isWhole ? patch.data : "", head, ...(until > 0 ? changesOf(patch) : NONE)];
}

const NONE = ["", ""];

/** Returns the members to set and the keys to remove, as JSON; "" for none. */
function changesOf(patch: SessionPatch): string[] {
  const { set, unset } = patch.changes();
  const members = Array.from(set, ([key, text]) => `${JSON.stringify(key)}:${text}`);
  return [
    members.length === 0 ? "" : `{${members.join(",")}}`,
    unset.length === 0 ? "" : JSON.stringify(unset),
  ];
}

/** `told`: when the index was told of this sign-in, or "-" if the session has no user. */
export function rotateArguments(
  patch: SessionPatch,
  { secretHash, grace, raiseEpoch, userId, absoluteTimeout, restartIdle }: Rotation,
  nonce: string,
  told: string,
  mergeUntil: number,
): string[] {
  let rotation = `${secretHash} ${milliseconds(grace)} ${raiseEpoch ? 1 : 0} ${told}`;
  if (absoluteTimeout !== undefined) rotation += ` ${milliseconds(absoluteTimeout)}`;
  else if (restartIdle) rotation += " -";
  return [...patchArguments(patch, nonce, mergeUntil), rotation, userText(userId ?? null)];
}

export function createArguments(record: NewRecord, told: string): string[] {
  const { idleTimeout, absoluteTimeout, secretHash, userId, data, head } = record;
  const times = `${milliseconds(idleTimeout)} ${milliseconds(absoluteTimeout)}`;
  return [`${times} ${secretHash} ${told}`, userText(userId), data, headText(head)];
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
    ...[milliseconds(timeout), from, version, epoch, moment(absoluteExpiresAt)],
    ...[secretHash || "-", previousSecretHash || "-", previousEpoch, moment(previousUntil)],
    ...[moment(expiresAt), fence, moment(lockedUntil), told],
  ];
  return [fields.join(" "), userText(userId), data, headText(head)];
}

/** Of a record whose times are seconds from now. `instead`: the hash of the session that it replaces, if it does. */
export function adoptArguments(record: StoredRecord, told: string, instead: string | undefined): string[] {
  const { version, epoch, secretHash, previousSecretHash, previousEpoch, fence, userId, data, head } = record;
  const left = (seconds: number): number | "-" => (seconds === 0 ? "-" : milliseconds(seconds));
  const fields = [
    ...[milliseconds(record.expiresAt), milliseconds(record.absoluteExpiresAt), version, epoch, secretHash],
    ...[
      previousSecretHash || "-",
      previousEpoch,
      left(record.previousUntil),
      fence,
      left(record.lockedUntil),
    ],
    ...[told, instead ?? "-"],
  ];
  return [fields.join(" "), userText(userId), data, headText(head)];
}

/** Returns the whole record in a reply of the script `moveOut`; undefined if there is none. */
export function movedIn(reply: unknown): WholeRecord | undefined {
  if (reply == null) return undefined;
  const [seconds, micros, text = ""] = (reply as unknown[]).map(textOf);
  const now = Number(seconds) + Number(micros) / 1e6;
  const record = storedIn(text, now);
  return record && wholeRecord(record, now);
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

/** How many writes six digits of base 36 can name. */
const MOST = 36 ** 6;

/** Names each write, in 14 characters, so that one that a client sends again after a lost connection is not applied twice. */
export class Nonces {
  #writer = "";
  #writes = MOST;

  next(): string {
    if (this.#writes === MOST) {
      this.#writer = randomBytes(6).toString("base64url");
      this.#writes = 0;
    }
    return this.#writer + (this.#writes++).toString(36).padStart(6, "0");
  }
}
