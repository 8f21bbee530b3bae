import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { NewRecord, SessionBackend, SessionPatch, SessionRecord } from "../../backends/backend.ts";
import { changesBetween } from "../../core/codec.ts";
import { headText, readHead } from "../../core/head.ts";
import { setKey } from "../../core/session.ts";

/** A handle as the engine makes them. */
export function newHandle(): string {
  return randomBytes(12).toString("base64url");
}

/** Something with the shape of a secret's hash. */
export function newHash(): string {
  return randomBytes(32).toString("base64url");
}

export function recordOf(data: object, more: Partial<NewRecord> = {}): NewRecord {
  const { idleTimeout = 1000, absoluteTimeout = 10_000 } = more;
  return {
    data: JSON.stringify(data),
    secretHash: newHash(),
    userId: null,
    idleTimeout,
    absoluteTimeout,
    head: headText({ idleTimeout, absoluteTimeout, persistent: false }),
    ...more,
  };
}

/** Stores a new record; answers its handle and what the store then reads. */
export async function store(
  backend: SessionBackend,
  data: object,
  more: Partial<NewRecord> = {},
): Promise<{ handle: string; record: SessionRecord }> {
  const handle = newHandle();
  assert.equal(await backend.create(handle, recordOf(data, more)), true);
  return { handle, record: await readLive(backend, handle) };
}

/** A patch made from a record as it was read: these keys are set, and those that are undefined removed. */
export function patchOf(
  record: SessionRecord,
  changes: object = {},
  more: Partial<SessionPatch> = {},
): SessionPatch {
  const data: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(JSON.parse(record.data))) setKey(data, key, value);
  for (const [key, value] of Object.entries(changes)) setKey(data, key, value);
  const text = JSON.stringify(data);
  return {
    ifEpoch: record.epoch,
    baseVersion: record.version,
    data: text,
    changes: () => changesBetween(record.data, text),
    // Some cases store heads that are none.
    idleTimeout: record.head.startsWith('{"idle"') ? readHead(record.head).idleTimeout : 0,
    ...more,
  };
}

/** The record, judged as the engine judges it; undefined if it is gone or has expired. */
export async function read(backend: SessionBackend, handle: string): Promise<SessionRecord | undefined> {
  const record = await backend.read(handle);
  return record !== undefined && record.expiresAt > record.now && record.absoluteExpiresAt > record.now
    ? record
    : undefined;
}

export async function readLive(backend: SessionBackend, handle: string): Promise<SessionRecord> {
  const record = await read(backend, handle);
  assert.ok(record, "read should return the record, since nothing has ended it");
  return record;
}

export async function readData(backend: SessionBackend, handle: string): Promise<object> {
  return JSON.parse((await readLive(backend, handle)).data) as object;
}

export async function assertData(backend: SessionBackend, handle: string, expected: object): Promise<void> {
  assert.deepEqual(await readData(backend, handle), expected, "the data that read returns");
}

/** Compares records as `standing` tells them. */
export async function assertStands(
  backend: SessionBackend,
  handle: string,
  expected: object,
): Promise<SessionRecord> {
  const record = await readLive(backend, handle);
  assert.deepEqual(standing(record), expected, "the record that read returns");
  return record;
}

/** Fails unless the user has these sessions and no others. */
export async function assertListed(
  backend: SessionBackend,
  userId: string,
  handles: readonly string[],
): Promise<void> {
  const listed = (await backend.listByUser(userId)).map(({ handle }) => handle);
  assert.deepEqual(listed.sort(), handles.toSorted(), "the handles that listByUser returns");
}

/** A record without its clock, and with its deadlines as seconds from now: what is the same at two moments. */
export function standing(record: SessionRecord): object {
  const { now, expiresAt, absoluteExpiresAt, previousUntil, data, ...rest } = record;
  return {
    ...rest,
    data: JSON.parse(data),
    left: tens(expiresAt - now),
    absoluteLeft: tens(absoluteExpiresAt - now),
    graceLeft: previousUntil === 0 ? 0 : tens(previousUntil - now),
  };
}

/** To ten seconds, because a far and busy store takes its time. */
function tens(seconds: number): number {
  return Math.round(seconds / 10) * 10;
}

/** Runs the case once for each distance between two calls that are meant to overlap. */
export async function atEveryDistance(run: (later: () => Promise<void>) => Promise<void>): Promise<void> {
  for (let distance = 0; distance < 8; distance++) {
    await run(async () => {
      for (let tick = 0; tick < distance; tick++) {
        await (distance % 2 === 0 ? new Promise<void>((resolve) => setImmediate(resolve)) : undefined);
      }
    });
  }
}
