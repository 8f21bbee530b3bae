import { ConfigError } from "../errors.ts";
import { objectIn } from "../record/data.ts";
import type { StoredRecord } from "../record/record.ts";
import { untilDone } from "./_attempts.ts";
import { DAMAGED, fromDictionary, plainRecord, toDictionary } from "./_dictionary.ts";
import {
  type Awaitable,
  type DataChanges,
  type DeleteReason,
  type NewRecord,
  type PatchResult,
  SessionBackend,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type UserSession,
  type WholeRecord,
} from "./backend.ts";

export { applyMove, isMeant, isMoved } from "../record/moved.ts";
export {
  adoptedRecord,
  applyPatch,
  mayAdopt,
  newRecord,
  type StoredRecord,
  snapshot,
  wholeRecord,
} from "../record/record.ts";

const CONTRACT = [
  "read",
  "create",
  "patch",
  "touch",
  "delete",
  "listByUser",
  "revokeUser",
  "lock",
  "relock",
] as const satisfies readonly (keyof SessionBackend)[];

/** The secret's hash of a dictionary that is no session: no SHA-256 is this, so no cookie opens it. */
const NO_SECRET = "none";

/**
 * A back-end with all of the contract. Implement nine methods, each as one atomic step of your store, and it keeps every
 * promise, also between processes; what each does is said at `SessionBackend`. Override `prune` too if the store does not
 * delete what has expired by itself, and `close` if the back-end opens something; `scan` and `countAll` to show all sessions to an
 * operator, and `adopt` and `moveOut` to move sessions from and to other stores.
 *
 * `load` and `save` are made of these nine. micropie itself calls neither; they are for whoever uses a back-end by hand.
 */
export abstract class FullSessionBackend extends SessionBackend {
  abstract override read(handle: string): Awaitable<SessionRecord | undefined>;
  abstract override create(handle: string, record: NewRecord): Awaitable<boolean>;
  abstract override patch(handle: string, patch: SessionPatch): Awaitable<PatchResult>;
  abstract override touch(handle: string, idleTimeout: number): Awaitable<boolean>;
  abstract override delete(handle: string, ifVersion?: number, why?: DeleteReason): Awaitable<boolean>;
  abstract override listByUser(userId: string): Awaitable<UserSession[]>;
  abstract override revokeUser(userId: string, except?: string): Awaitable<string[]>;
  abstract override lock(handle: string, seconds: number): Awaitable<number | "busy" | "ended">;
  abstract override relock(handle: string, fence: number, seconds: number): Awaitable<boolean>;

  /** Throws ConfigError `backend`, unless it is overridden. */
  override adopt(_handle: string, _record: WholeRecord, _instead?: string): Awaitable<boolean> {
    return refuseMove("adopt");
  }

  /** Throws ConfigError `backend`, unless it is overridden. */
  override moveOut(_handle: string): Awaitable<WholeRecord | undefined> {
    return refuseMove("moveOut");
  }

  /** Returns the dictionary or the session under this id, or `{}` if there is none or it has expired. */
  override async load(id: string): Promise<SessionData> {
    const record = await this.read(id);
    if (record === undefined || record.expiresAt <= record.now) return {};
    if (record.secretHash === NO_SECRET) return objectIn(record.data) ?? DAMAGED;
    return toDictionary({ ...record, fence: 0, lockedUntil: 0 });
  }

  /**
   * Stores a dictionary under this id for `timeout` seconds and replaces the one before. An empty dictionary, or a timeout
   * of 0, deletes. A session is stored only if it is still as it was loaded, and then for at least `timeout` seconds, as far
   * as its absolute deadline allows; rejects if it has changed or ended since, or was loaded from another store.
   */
  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    if (timeout <= 0 || Object.keys(data).length === 0) {
      await this.delete(id);
      return;
    }
    const record = fromDictionary(data);
    if (record !== undefined) return this.#change(id, record, timeout);
    const plain = { ...plainRecord(data, timeout), secretHash: NO_SECRET };
    await untilDone(this.environment, `dictionary ${id}`, async () => {
      if (await this.create(id, plain)) return true;
      await this.delete(id);
      return undefined;
    });
  }

  async #change(id: string, { data, ...loaded }: StoredRecord, timeout: number): Promise<void> {
    const before = await this.read(id);
    const answer =
      before &&
      (await this.patch(id, {
        ifEpoch: loaded.epoch,
        ifVersion: loaded.version,
        ifSecretHash: loaded.secretHash,
        baseVersion: loaded.version,
        data,
        changes: () => changesBetween(before.data, data),
        idleTimeout: timeout,
      }));
    if (answer === "ok") return;
    throw new Error(`session ${id} has changed or ended since it was loaded, so it was not saved`);
  }
}

function refuseMove(method: string): never {
  throw new ConfigError(
    "backend",
    `This back-end cannot move sessions between stores: it has no method ${method}.`,
  );
}

/** Without these, a class in JavaScript that lacks one would get the fallback over `load`, which is made of it. */
for (const name of CONTRACT) {
  const missing = function (this: object): never {
    throw new TypeError(`${this.constructor.name} extends FullSessionBackend, and has no ${name}`);
  };
  Object.defineProperty(FullSessionBackend.prototype, name, {
    value: missing,
    writable: true,
    configurable: true,
  });
}

/** Both are texts of objects; a damaged one has no members. */
function changesBetween(before: string, after: string): DataChanges {
  const members = objectIn(after) ?? {};
  const set = new Map(Object.entries(members).map(([key, value]) => [key, JSON.stringify(value)]));
  return { set, unset: Object.keys(objectIn(before) ?? {}).filter((key) => !set.has(key)) };
}
