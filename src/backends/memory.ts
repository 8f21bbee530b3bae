import { applyMove, isMeant } from "../record/moved.ts";
import type { Change } from "../record/record.ts";
import {
  adoptedRecord,
  applyLock,
  applyPatch,
  applyRelock,
  applyTouch,
  mayAdopt,
  newRecord,
  snapshot,
  wholeRecord,
} from "../record/record.ts";
import { dictionaryOf, restored } from "./_dictionary.ts";
import { Entries } from "./_memory/entries.ts";
import { readOf, recordOf } from "./_memory/entry.ts";
import { type InMemoryOptions, resolveOptions } from "./_memory/options.ts";
import { afterIn, isAskedFor, pageAfter, pageOfFew } from "./_scan.ts";
import { standingsByRead } from "./_standings.ts";
import {
  type Awaitable,
  type DeleteReason,
  type EndChannel,
  type EndListener,
  type NewRecord,
  type PatchResult,
  type ScanOptions,
  type ScanPage,
  SessionBackend,
  type SessionCount,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type Standing,
  type UserSession,
  type WholeRecord,
} from "./backend.ts";

export type { InMemoryOptions } from "./_memory/options.ts";

/** How many sessions a page of a scan looks at if only some of them are asked for. */
const LOOKED_AT = 1000;

/**
 * Stores sessions in the memory of this process: the default. They are gone when it ends, and no other process sees them.
 *
 * Every method returns at once. An unreferenced timer frees expired sessions within about twenty seconds, and visits
 * only what expires. When `maxBytes` is reached, each new session evicts the anonymous one unused for longest. Signed-in
 * ones go only when they alone take seven eighths of it, each by another sign-in, again the one unused for longest.
 * `evicted` counts both. The first one is also a process warning, `MICROPIE_MEMORY_FULL`, and so is the first whose user
 * is signed out, `MICROPIE_MEMORY_SIGNED_OUT`. Throws ConfigError `maxBytes`.
 *
 * @example
 * const sessions = createSessions({ backend: new InMemorySessionBackend({ maxBytes: 64_000_000 }) });
 */
export class InMemorySessionBackend extends SessionBackend {
  readonly #entries: Entries;

  constructor(options: InMemoryOptions = {}) {
    super();
    this.#entries = new Entries(resolveOptions(options).maxBytes, {
      now: () => this.now(),
      after: (seconds, run) => this.environment.timer(seconds, run, true),
      expired: (handle, userId) => this.onExpired?.(handle, userId),
    });
  }

  /** The number of sessions, including expired ones that are not freed yet. */
  get size(): number {
    return this.#entries.size;
  }

  /** About how many bytes of memory they take. */
  get bytes(): number {
    return this.#entries.room.bytes;
  }

  /** How many live sessions were evicted because of `maxBytes`. */
  get evicted(): number {
    return this.#entries.room.evicted;
  }

  override load(id: string): SessionData {
    const entry = this.#entries.usable(id, this.now());
    return entry === undefined ? {} : dictionaryOf(recordOf(entry, this.#entries.origin));
  }

  override save(id: string, data: SessionData, timeout: number): void {
    const now = this.now();
    const gone = timeout <= 0 || Object.keys(data).length === 0;
    const record = gone ? undefined : restored(data, timeout, now);
    const old = this.#entries.find(id);
    if (old !== undefined) this.#entries.remove(old, gone ? "logged_out" : undefined);
    if (record !== undefined) this.#entries.add(id, record, now);
  }

  override read(handle: string): SessionRecord | undefined {
    const now = this.environment.now();
    const entry = this.#entries.usable(handle, now);
    if (entry === undefined || entry.secretHash === "") return undefined;
    this.#entries.room.use(entry, 0);
    return readOf(entry, this.#entries.origin, now);
  }

  override create(handle: string, record: NewRecord): boolean {
    const now = this.now();
    const old = this.#entries.find(handle);
    if (old !== undefined) {
      if (!this.#entries.hasExpired(old, now)) return false;
      this.#entries.expire(old);
    }
    this.#entries.add(handle, newRecord(record, now), now);
    return true;
  }

  override patch(handle: string, patch: SessionPatch): PatchResult {
    const all = patch.rotation !== undefined || patch.head !== undefined;
    return this.#entries.change(handle, all, applyPatch, patch) ?? "ended";
  }

  override touch(handle: string, idleTimeout: number): boolean {
    return this.#entries.change(handle, false, applyTouch, idleTimeout) !== undefined;
  }

  override delete(handle: string, ifVersion?: number, why: DeleteReason = "logged_out"): boolean {
    const entry = this.#entries.find(handle);
    if (entry === undefined) return false;
    const { version, more } = entry;
    if (!isMeant({ version, epoch: more.epoch }, ifVersion, why)) return false;
    this.#entries.remove(entry, why);
    return !this.#entries.hasExpired(entry, this.now());
  }

  override listByUser(userId: string): UserSession[] {
    const now = this.now();
    const live = this.#entries.users.list(userId).filter(({ handle }) => this.#entries.live(handle, now));
    return live.map((entry) => ({
      handle: entry.handle,
      record: snapshot(recordOf(entry, this.#entries.origin), now),
    }));
  }

  override revokeUser(userId: string, except?: string): string[] {
    const others = this.#entries.users.list(userId).filter((entry) => entry.handle !== except);
    return others
      .filter(({ handle }) => this.delete(handle, undefined, "revoked"))
      .map((entry) => entry.handle);
  }

  override lock(handle: string, seconds: number): number | "busy" | "ended" {
    return this.#entries.change(handle, true, applyLock, seconds) ?? "ended";
  }

  override relock(handle: string, fence: number, seconds: number): boolean {
    const relock: Change<number, boolean> = (record, _, now) => applyRelock(record, fence, seconds, now);
    return this.#entries.change(handle, true, relock, 0) ?? false;
  }

  override listen(listener: EndListener): EndChannel {
    return this.#entries.listen(listener);
  }

  override standings(handles: readonly string[]): Awaitable<readonly Standing[]> {
    const read = (handle: string): SessionRecord | undefined => {
      const now = this.now();
      const entry = this.#entries.live(handle, now);
      return entry && snapshot(recordOf(entry, this.#entries.origin), now);
    };
    return standingsByRead({ read }, handles);
  }

  override scan(options: ScanOptions): ScanPage {
    const { userId, limit, cursor, signedIn } = options;
    if (userId !== undefined) return pageOfFew(this.listByUser(userId), options);
    const now = this.now();
    const most = signedIn === undefined ? limit : Math.max(limit, LOOKED_AT);
    const entries = this.#entries.after(afterIn(cursor), most);
    const sessions: UserSession[] = [];
    for (const entry of entries) {
      if (sessions.length === limit) return pageAfter(sessions, sessions.at(-1)?.handle);
      const record = snapshot(recordOf(entry, this.#entries.origin), now);
      if (isAskedFor(record, options)) sessions.push({ handle: entry.handle, record });
    }
    return pageAfter(sessions, entries.length < most ? undefined : entries.at(-1)?.handle);
  }

  override countAll(): SessionCount {
    const { size, users, expiry } = this.#entries;
    const due = expiry.due(LOOKED_AT);
    const signedIn = users.size - due.filter(({ more }) => more.userId !== null).length;
    return { sessions: size - due.length, signedIn, exact: due.length < LOOKED_AT };
  }

  override adopt(handle: string, record: WholeRecord, instead?: string): boolean {
    const now = this.now();
    const old = this.#entries.find(handle);
    const live = this.#entries.live(handle, now);
    if (!mayAdopt(live, record, instead)) return false;
    if (live !== undefined) this.#entries.remove(live);
    else if (old !== undefined) this.#entries.expire(old);
    this.#entries.add(handle, adoptedRecord(record, now), now);
    return true;
  }

  override moveOut(handle: string): WholeRecord | undefined {
    const now = this.now();
    const entry = this.#entries.live(handle, now);
    const whole = entry && wholeRecord(recordOf(entry, this.#entries.origin), now);
    this.#entries.change(handle, true, applyMove, undefined);
    return whole;
  }

  override prune(): number {
    return this.#entries.expiry.freeAll();
  }

  /** Stops the timer. The sessions stay readable. */
  override close(): void {
    this.#entries.expiry.stop();
  }
}
