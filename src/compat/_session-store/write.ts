import type { NewRecord, Rotation, SessionRecord } from "../../backends/backend.ts";
import { call } from "../../core/call.ts";
import { changesBetween, isChanged } from "../../core/codec.ts";
import { publish } from "../../core/events.ts";
import { type Head, headText, readHead, remember, timesOf } from "../../core/head.ts";
import { isTouchDue } from "../../core/lifetime.ts";
import type { Engine } from "../../core/live.ts";
import { judge } from "../../core/load.ts";
import { isDamaged } from "../../core/read-again.ts";
import { aboutOf } from "../../core/session.ts";
import { StateError } from "../../errors.ts";
import { newRecord, rotatedRecord, snapshot, touchedDeadline } from "../../record/record.ts";
import type { Draft } from "./draft.ts";
import { aged, type Held, type Stored, storedNow } from "./held.ts";

/** Stores a session: creates it, patches what changed, touches it, or ends it. `userId` is whose it is now, as the store has it. */
export async function write(
  engine: Engine,
  held: Held,
  draft: Draft,
  userId: string | undefined,
): Promise<void> {
  if (draft.idleTimeout <= 0) return end(engine, held.key.handle);
  if (held.stored === undefined && (await create(engine, held, draft, userId))) return;
  const stored = held.stored === undefined ? await found(engine, held) : aged(held.stored);
  // What was damaged is gone by now.
  if (stored === undefined) return write(engine, held, draft, userId);
  const { record } = stored;
  const signingIn = userId === record.userId ? undefined : userId;
  const rotation = rotationOf(engine, held, stored, draft, signingIn);
  if (rotation !== undefined || isChanged(stored.draft.text, draft.text))
    return patch(engine, held, stored, draft, rotation);
  const { idleTimeout } = readHead(record.head);
  // What lives for milliseconds is touched as often as its life wants it.
  const throttle = Math.min(engine.options.touchThrottle, (draft.idleTimeout - draft.early) / 20);
  if (!isTouchDue(record, idleTimeout, record.expiresAt, throttle)) return;
  await touch(engine, held.key.handle, draft);
  held.stored = { ...stored, record: touched(record, draft) };
}

/** Moves the deadline of a record, if it is there. */
export async function touch(engine: Engine, handle: string, draft: Draft): Promise<void> {
  await call(engine, "touch", handle, draft.idleTimeout);
}

/** Ends a session, whatever anyone else is doing with it. */
export async function end(engine: Engine, handle: string): Promise<void> {
  const ended = await call(engine, "delete", handle);
  if (ended) publish(engine, "logged_out", { handle, userId: null, reason: "logout" });
}

async function create(
  engine: Engine,
  held: Held,
  draft: Draft,
  userId: string | undefined,
): Promise<boolean> {
  const { handle, secretHash } = held.key;
  const record: NewRecord = {
    data: draft.text,
    secretHash,
    userId: userId ?? null,
    idleTimeout: draft.idleTimeout,
    absoluteTimeout: engine.options.timeouts.absolute,
    head: headOf(draft, engine.options.timeouts.absolute, engine.head.value),
  };
  if (!(await call(engine, "create", handle, record))) return false;
  const now = engine.backend.now();
  held.stored = storedNow(snapshot(newRecord(record, now), now), draft, 1);
  publish(engine, "created", aboutOf(handle, held.stored.record));
  return true;
}

/**
 * What is stored of a session that came here another way than from `get`: all of it will be replaced. Undefined if that was
 * damaged, and is deleted now.
 */
async function found(engine: Engine, held: Held): Promise<Stored | undefined> {
  const { handle, secretHash } = held.key;
  const record = await call(engine, "read", handle);
  if (record === undefined || judge(record, secretHash) !== "live") {
    throw new StateError("conflict", `Session ${handle} ended just now, or its id is not unique.`);
  }
  if (isDamaged(engine, handle, record)) {
    await call(engine, "delete", handle, record.version);
    return undefined;
  }
  const draft: Draft = {
    text: record.data,
    maxAge: undefined,
    idleTimeout: readHead(record.head).idleTimeout,
    early: 0,
  };
  return storedNow(record, draft, record.version);
}

async function patch(
  engine: Engine,
  held: Held,
  stored: Stored,
  draft: Draft,
  rotation: Rotation | undefined,
): Promise<void> {
  const { handle, secretHash } = held.key;
  const { record, version } = stored;
  const before = readHead(record.head);
  const created = rotation?.userId === undefined ? {} : { created: timesOf(record, before).createdAt };
  const absoluteTimeout = rotation?.absoluteTimeout ?? before.absoluteTimeout;
  const head = rotation === undefined ? undefined : headOf(draft, absoluteTimeout, remember(before, created));
  const result = await call(engine, "patch", handle, {
    ifEpoch: record.epoch,
    ifSecretHash: secretHash,
    baseVersion: version,
    data: draft.text,
    changes: () => changesBetween(stored.draft.text, draft.text),
    idleTimeout: draft.idleTimeout,
    rotation,
    head,
  });
  if (result === "ok" || result === "merged") {
    const next =
      rotation === undefined || head === undefined
        ? touched(record, draft)
        : rotatedRecord(record, rotation, draft.idleTimeout, head);
    held.stored = { record: next, draft, version: result === "ok" ? version + 1 : -1, at: stored.at };
    return;
  }
  publish(engine, "discarded", {
    ...aboutOf(handle, record),
    reason: result === "ended" ? "ended" : "stale",
  });
  if (rotation?.userId === undefined) return;
  throw result === "ended"
    ? new StateError(
        "ended",
        "The session ended while its user signed in. Nobody is signed in; sign in again.",
      )
    : new StateError("conflict", "Another user signed in to this session at the same time. Sign in again.");
}

/**
 * What gives a record another user or another lifetime, a shorter one too. The secret in it stays what it was: the id
 * is express-session's to change, by `regenerate`.
 */
function rotationOf(
  engine: Engine,
  held: Held,
  { draft: before }: Stored,
  draft: Draft,
  userId: string | undefined,
): Rotation | undefined {
  if (userId === undefined && before.maxAge === draft.maxAge) return undefined;
  return {
    secretHash: held.key.secretHash,
    grace: 0,
    raiseEpoch: userId !== undefined,
    ...(userId === undefined
      ? { restartIdle: true }
      : { userId, absoluteTimeout: engine.options.timeouts.absolute }),
  };
}

function headOf({ idleTimeout, maxAge }: Draft, absoluteTimeout: number, before?: Head): string {
  return headText({ ...before, idleTimeout, absoluteTimeout, persistent: typeof maxAge === "number" });
}

/** The record after its idle deadline moved. */
function touched(record: SessionRecord, { idleTimeout }: Draft): SessionRecord {
  const { expiresAt, absoluteExpiresAt, now } = record;
  return { ...record, expiresAt: touchedDeadline(expiresAt, absoluteExpiresAt, now + idleTimeout) };
}
