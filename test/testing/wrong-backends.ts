import { InMemorySessionBackend, SessionBackend, type SessionData } from "micropie";
import type {
  Awaitable,
  NewRecord,
  PatchResult,
  SessionPatch,
  SessionRecord,
  UserSession,
} from "micropie/backends/backend";
import { changesBetween } from "micropie/core/codec";
import {
  applyLock,
  applyPatch,
  applyRelock,
  applyTouch,
  newRecord,
  type StoredRecord,
  snapshot,
} from "micropie/record/record";
import { GatedBackend, withClock } from "micropie/testing";

/** Keeps a session as one blob: whoever saves last has written all of it. */
export class BlobBackend extends InMemorySessionBackend {
  override patch(handle: string, patch: SessionPatch): PatchResult {
    const there = this.read(handle)?.data ?? "{}";
    return super.patch(handle, { ...patch, changes: () => changesBetween(there, patch.data) });
  }
}

/** Saves with an upsert: what is not there any more is there again. */
export class UpsertBackend extends InMemorySessionBackend {
  readonly #rows = new Map<string, NewRecord>();

  override create(handle: string, record: NewRecord): boolean {
    this.#rows.set(handle, record);
    return super.create(handle, record);
  }

  override patch(handle: string, patch: SessionPatch): PatchResult {
    if (!this.#upsert(handle, patch.data, patch.rotation?.secretHash)) return super.patch(handle, patch);
    return "ok";
  }

  override touch(handle: string, idleTimeout: number): boolean {
    this.#upsert(handle);
    return super.touch(handle, idleTimeout);
  }

  #upsert(handle: string, data?: string, secretHash?: string): boolean {
    const row = this.#rows.get(handle);
    if (row === undefined || this.read(handle) !== undefined) return false;
    return super.create(handle, { ...row, data: data ?? row.data, secretHash: secretHash ?? row.secretHash });
  }
}

/** Remembers what it has read until it changes that itself, and hears of no other change. */
export class ForgetfulCache extends GatedBackend {
  readonly #read = new Map<string, SessionRecord>();

  override async read(handle: string): Promise<SessionRecord | undefined> {
    const record = this.#read.get(handle) ?? (await super.read(handle));
    if (record !== undefined) this.#read.set(handle, record);
    return record;
  }
  override patch(handle: string, patch: SessionPatch): Awaitable<PatchResult> {
    this.#read.delete(handle);
    return super.patch(handle, patch);
  }
  override delete(handle: string, ifVersion?: number): Awaitable<boolean> {
    this.#read.delete(handle);
    return super.delete(handle, ifVersion);
  }
}

/** Has every condition right, but looks first and writes later, as a GET and a SET do. */
export class CheckThenActBackend extends SessionBackend {
  readonly #rows = new Map<string, StoredRecord>();
  /** Its own two methods are right. */
  readonly #dictionaries: InMemorySessionBackend;

  constructor(options: { now: () => number }) {
    super();
    withClock(this, options.now);
    this.#dictionaries = withClock(new InMemorySessionBackend(), options.now);
  }

  override load(id: string): SessionData {
    return this.#dictionaries.load(id);
  }

  override save(id: string, data: SessionData, timeout: number): void {
    this.#dictionaries.save(id, data, timeout);
  }

  override async read(handle: string): Promise<SessionRecord | undefined> {
    const record = await this.#get(handle);
    return record && snapshot(record, this.now());
  }

  override async create(handle: string, record: NewRecord): Promise<boolean> {
    if ((await this.#get(handle)) !== undefined) return false;
    await this.#set(handle, newRecord(record, this.now()));
    return true;
  }

  override async patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    const record = await this.#get(handle);
    if (record === undefined) return "ended";
    const result = applyPatch(record, patch, this.now());
    if (result === "ok" || result === "merged") await this.#set(handle, record);
    return result;
  }

  override async touch(handle: string, idleTimeout: number): Promise<boolean> {
    const record = await this.#get(handle);
    if (record === undefined) return false;
    if (applyTouch(record, idleTimeout, this.now())) await this.#set(handle, record);
    return true;
  }

  override async delete(handle: string, ifVersion?: number): Promise<boolean> {
    const record = await this.#get(handle);
    if (record === undefined || (ifVersion !== undefined && record.version !== ifVersion)) return false;
    return this.#rows.delete(handle);
  }

  override async lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    const record = await this.#get(handle);
    if (record === undefined) return "ended";
    const fence = applyLock(record, seconds, this.now());
    if (fence !== "busy") await this.#set(handle, record);
    return fence;
  }

  override async relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    const record = await this.#get(handle);
    if (record === undefined || !applyRelock(record, fence, seconds, this.now())) return false;
    await this.#set(handle, record);
    return true;
  }

  override listByUser(userId: string): Awaitable<UserSession[]> {
    const now = this.now();
    return [...this.#rows]
      .filter(([, record]) => record.userId === userId && record.expiresAt > now)
      .map(([handle, record]) => ({ handle, record: snapshot(record, now) }));
  }

  override async revokeUser(userId: string, except?: string): Promise<string[]> {
    const handles = (await this.listByUser(userId)).map(({ handle }) => handle);
    return handles.filter((handle) => handle !== except && this.#rows.delete(handle));
  }

  async #get(handle: string): Promise<StoredRecord | undefined> {
    await new Promise(setImmediate);
    const record = this.#rows.get(handle);
    return record && record.expiresAt > this.now() ? { ...record } : undefined;
  }

  async #set(handle: string, record: StoredRecord): Promise<void> {
    await new Promise(setImmediate);
    this.#rows.set(handle, { ...record });
  }
}
