import type { Environment } from "../../environment.ts";
import type {
  Awaitable,
  DeleteReason,
  LoadSave,
  NewRecord,
  PatchResult,
  SessionData,
  SessionPatch,
  SessionRecord,
  Standing,
  UserSession,
  WholeRecord,
} from "../../record/contract.ts";
import { applyMove, isMeant, isMoved } from "../../record/moved.ts";
import {
  adoptedRecord,
  applyLock,
  applyPatch,
  applyRelock,
  applyTouch,
  illegible,
  mayAdopt,
  newRecord,
  type StoredRecord,
  snapshot,
  wholeRecord,
} from "../../record/record.ts";
import { DAMAGED, fromDictionary, isDamaged, toDictionary } from "../_dictionary.ts";
import { standingsByRead } from "../_standings.ts";
import { Turns } from "../_turns.ts";
import { UserLists } from "./user-lists.ts";

/** How many ended sessions one process remembers; beyond that, it forgets the one that ended first. */
const ENDED_LIMIT = 10_000;

/** What the fallback needs of a back-end. */
interface Store extends LoadSave {
  readonly environment: Environment;
  now(): number;
}

/**
 * Implements every method of a back-end with its `load` and `save`: read, check, merge, save, one call per session at a
 * time. It keeps all promises within one process. Calls of two processes can overlap, and then the last `save` wins: a
 * change may be lost, a user's list may miss a session, two may hold one lock, and a save that another process began
 * before a session ended brings it back (never in the process that ended it, which remembers).
 */
export class Fallback {
  readonly #backend: Store;
  readonly #turns: Turns;
  readonly #users: UserLists;
  readonly #ended = new Set<string>();

  constructor(backend: Store) {
    this.#backend = backend;
    this.#turns = new Turns(backend);
    this.#users = new UserLists(backend, this.#turns);
  }

  /** `andMoved`: also a record that was moved out. */
  async read(handle: string, andMoved = false): Promise<SessionRecord | undefined> {
    if (this.#ended.has(handle)) return undefined;
    const there = await this.#backend.load(handle);
    // Checked again, because it may have ended during `load`.
    if (this.#ended.has(handle)) return undefined;
    const now = this.#backend.now();
    const record = fromDictionary(there);
    if (record === undefined) return isDamaged(there) ? illegible(now) : undefined;
    const isThere = record.expiresAt > now && (andMoved || !isMoved(record));
    return isThere ? snapshot(record, now) : undefined;
  }

  standings(handles: readonly string[]): Awaitable<readonly Standing[]> {
    return standingsByRead({ read: (handle) => this.read(handle, true) }, handles);
  }

  adopt(handle: string, record: WholeRecord, instead: string | undefined): Promise<boolean> {
    return this.#turns.take(handle, async () => {
      const there = await this.#backend.load(handle);
      const now = this.#backend.now();
      const found = this.#ended.has(handle) ? undefined : fromDictionary(there);
      const live = found !== undefined && found.expiresAt > now ? found : undefined;
      const isFree = live !== undefined || found !== undefined || there === DAMAGED || isEmpty(there);
      if (!isFree || !mayAdopt(live, record, instead)) return false;
      const adopted = adoptedRecord(record, now);
      if (adopted.userId !== null) await this.#users.add(adopted.userId, handle, adopted.absoluteExpiresAt);
      // It has not ended, wherever it was before.
      this.#ended.delete(handle);
      return this.#save(handle, adopted);
    });
  }

  moveOut(handle: string): Promise<WholeRecord | undefined> {
    return this.#turns.take(handle, async () => {
      const record = await this.#live(handle, true);
      if (record === undefined) return undefined;
      const wasMoved = isMoved(record);
      applyMove(record);
      if (!wasMoved && !(await this.#save(handle, record))) return undefined;
      return wholeRecord(record, this.#backend.now());
    });
  }

  create(handle: string, record: NewRecord): Promise<boolean> {
    return this.#turns.take(handle, async () => {
      const there = await this.#backend.load(handle);
      if (this.#ended.has(handle)) return false;
      const now = this.#backend.now();
      const old = fromDictionary(there);
      const isFree = old === undefined ? there === DAMAGED || isEmpty(there) : old.expiresAt <= now;
      if (!isFree) return false;
      const stored = newRecord(record, now);
      if (stored.userId !== null) await this.#users.add(stored.userId, handle, stored.absoluteExpiresAt);
      return this.#save(handle, stored);
    });
  }

  patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    return this.#turns.take(handle, async () => {
      const record = await this.#live(handle);
      if (record === undefined) return "ended";
      const { userId } = record;
      const result = applyPatch(record, patch, this.#backend.now());
      if (result !== "ok" && result !== "merged") return result;
      // Listed before it is stored: a revocation that reads the list in between then waits for its turn, and ends it.
      const { userId: signedIn, absoluteTimeout } = patch.rotation ?? {};
      if (record.userId !== null && (signedIn !== undefined || absoluteTimeout !== undefined)) {
        await this.#users.add(record.userId, handle, record.absoluteExpiresAt);
      }
      if (!(await this.#save(handle, record))) return "ended";
      if (userId !== null && userId !== record.userId) await this.#users.remove(userId, [handle]);
      return result;
    });
  }

  touch(handle: string, idleTimeout: number): Promise<boolean> {
    return this.#turns.take(handle, async () => {
      const record = await this.#live(handle);
      if (record === undefined) return false;
      if (!applyTouch(record, idleTimeout, this.#backend.now())) return true;
      return this.#save(handle, record);
    });
  }

  delete(handle: string, ifVersion?: number, why?: DeleteReason): Promise<boolean> {
    const isAnyway = ifVersion === undefined && why !== "moved";
    // At once, before the store answers and even if it fails: in this process it has ended.
    if (isAnyway) this.#remember(handle);
    return this.#turns.take(handle, async () => {
      const record = await this.#erase(
        handle,
        (there) => isAnyway || (there !== undefined && isMeant(there, ifVersion, why)),
        why,
      );
      if (record?.userId) await this.#users.remove(record.userId, [handle]);
      return record !== undefined;
    });
  }

  async listByUser(userId: string): Promise<UserSession[]> {
    const handles = await this.#users.list(userId);
    const found = await Promise.all(
      handles.map(async (handle) => ({ handle, record: await this.read(handle, true) })),
    );
    return found.filter((session): session is UserSession => session.record?.userId === userId);
  }

  async revokeUser(userId: string, except?: string): Promise<string[]> {
    const handles = (await this.#users.list(userId)).filter((handle) => handle !== except);
    const revoked = await Promise.all(
      handles.map((handle) =>
        this.#turns.take(handle, () => this.#erase(handle, (there) => there?.userId === userId)),
      ),
    );
    // Only these: one that is not ended may have been signed in again meanwhile, and belongs on the list.
    const ended = handles.filter((_, index) => revoked[index] !== undefined);
    if (ended.length > 0) await this.#users.remove(userId, ended);
    return ended;
  }

  lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    return this.#turns.take(handle, async () => {
      const record = await this.#live(handle);
      if (record === undefined) return "ended";
      const fence = applyLock(record, seconds, this.#backend.now());
      if (fence === "busy") return fence;
      return (await this.#save(handle, record)) ? fence : "ended";
    });
  }

  relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    return this.#turns.take(handle, async () => {
      const record = await this.#live(handle);
      if (record === undefined || !applyRelock(record, fence, seconds, this.#backend.now())) return false;
      return this.#save(handle, record);
    });
  }

  async #live(handle: string, andMoved = false): Promise<StoredRecord | undefined> {
    if (this.#ended.has(handle)) return undefined;
    const record = fromDictionary(await this.#backend.load(handle));
    // Checked again, because it may have ended during `load`.
    if (record === undefined || this.#ended.has(handle)) return undefined;
    if (isMoved(record) && !andMoved) return undefined;
    return record.expiresAt > this.#backend.now() ? record : undefined;
  }

  async #save(handle: string, record: StoredRecord): Promise<boolean> {
    const left = record.expiresAt - this.#backend.now();
    if (left <= 0 || this.#ended.has(handle)) return false;
    await this.#backend.save(handle, toDictionary(record), Math.ceil(left));
    return true;
  }

  /** Deletes what is stored under the handle if `isMeant`. Returns the record if it was live. */
  async #erase(
    handle: string,
    isMeant: (there: StoredRecord | undefined) => boolean,
    why?: DeleteReason,
  ): Promise<StoredRecord | undefined> {
    const there = await this.#backend.load(handle);
    const record = fromDictionary(there);
    if (!isMeant(record)) return undefined;
    // What has moved may come back.
    if (why !== "moved") this.#remember(handle);
    if (!isEmpty(there)) await this.#backend.save(handle, {}, 0);
    return record && record.expiresAt > this.#backend.now() ? record : undefined;
  }

  #remember(handle: string): void {
    this.#ended.delete(handle);
    this.#ended.add(handle);
    if (this.#ended.size <= ENDED_LIMIT) return;
    for (const first of this.#ended) {
      this.#ended.delete(first);
      return;
    }
  }
}

function isEmpty(there: SessionData | null | undefined): boolean {
  return Object.keys(there ?? {}).length === 0;
}
