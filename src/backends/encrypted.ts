import { ConfigError, DataError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { objectIn } from "../record/data.ts";
import { patchedData } from "../record/record.ts";
import { untilDone } from "./_attempts.ts";
import { DAMAGED, fromDictionary, toDictionary } from "./_dictionary.ts";
import { type EncryptionKeys, resolveKeys } from "./_encrypted/keys.ts";
import { Sealer } from "./_encrypted/sealer.ts";
import {
  type Awaitable,
  type DataChanges,
  type DeleteReason,
  type EndChannel,
  type EndListener,
  type LoadSave,
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
  toBackend,
  type UserSession,
  type WholeRecord,
} from "./backend.ts";

export type { EncryptionKey, EncryptionKeys } from "./_encrypted/keys.ts";

/** Options of `EncryptedSessionBackend`. */
export interface EncryptedOptions {
  /**
   * Keys by name, each 32 random bytes: a Uint8Array, 64 hexadecimal digits or 43 characters of base64url. The first
   * one encrypts, all of them decrypt.
   */
  readonly keys: EncryptionKeys;
  /**
   * Accepts values that are not encrypted, and encrypts them at the next write: while sessions from before the
   * encryption still live. While it is on, whoever can write to the store can plant values. Default false.
   */
  readonly acceptPlaintext?: boolean | undefined;
  /**
   * About how many bytes of memory the last used sessions may take, decrypted and encrypted, so that what has not
   * changed is neither decrypted nor encrypted again; 0 for none. Default 4 MiB.
   */
  readonly cacheBytes?: number | undefined;
}

/**
 * Wraps any back-end, or object with `load` and `save`, and encrypts every value of a session: AES-256-GCM, each
 * top-level key by itself, so that changes of different keys still merge in the store. A value is bound to its session
 * and its key. Names of keys, times, sizes, the user's id and the head stay readable. See docs/backends/encrypted.md.
 *
 * A value that was changed, moved, encrypted with a key that is not there, or not encrypted at all throws DataError
 * `invalid` with the handle and the key, whatever `whenDown` is; what is stored stays as it is. A write of the
 * session encrypts with the current key what was encrypted with another.
 *
 * Methods return at once if those of the inner back-end do. Throws ConfigError naming the option.
 */
export class EncryptedSessionBackend extends SessionBackend {
  readonly #inner: SessionBackend;
  readonly #sealer: Sealer;

  constructor(inner: SessionBackend | LoadSave, options: EncryptedOptions) {
    super();
    this.#inner = toBackend(inner, "EncryptedSessionBackend takes a back-end and { keys }");
    refuseUnknown(Object(options), ["keys", "acceptPlaintext", "cacheBytes"]);
    const {
      keys,
      acceptPlaintext = false,
      cacheBytes = 4 * 1024 * 1024,
    } = Object(options) as EncryptedOptions;
    if (!(cacheBytes >= 0)) throw new ConfigError("cacheBytes", "must be a number of bytes, 0 or more");
    if (typeof acceptPlaintext !== "boolean")
      throw new ConfigError("acceptPlaintext", "must be true or false");
    this.#sealer = new Sealer(resolveKeys(keys), acceptPlaintext, cacheBytes);
    for (const name of ["onExpired", "environment"] as const) {
      Object.defineProperty(this, name, {
        get: () => this.#inner[name],
        set: (value: unknown) => Object.assign(this.#inner, { [name]: value }),
      });
    }
  }

  override now(): number {
    return this.#inner.now();
  }

  override load(id: string): Awaitable<SessionData | null | undefined> {
    return then(this.#inner.load(id), (stored) => {
      if (!stored) return stored;
      const record = fromDictionary(stored);
      if (record !== undefined)
        return toDictionary({ ...record, data: this.#sealer.open("record", id, record.data) });
      return objectIn(this.#sealer.open("dictionary", id, JSON.stringify(stored))) ?? DAMAGED;
    });
  }

  override save(id: string, data: SessionData, timeout: number): Awaitable<void> {
    const record = fromDictionary(data);
    if (record !== undefined) {
      const { sealed } = this.#sealer.seal("record", id, record.data);
      return this.#inner.save(id, toDictionary({ ...record, data: sealed }), timeout);
    }
    const { sealed } = this.#sealer.seal("dictionary", id, JSON.stringify(data));
    return this.#inner.save(id, JSON.parse(sealed) as SessionData, timeout);
  }

  override read(handle: string): Awaitable<SessionRecord | undefined> {
    return then(this.#inner.read(handle), (record) => record && this.#open(handle, record));
  }

  override create(handle: string, record: NewRecord): Awaitable<boolean> {
    const { sealed } = this.#sealer.seal("record", handle, record.data);
    return this.#inner.create(handle, { ...record, data: sealed });
  }

  override patch(handle: string, patch: SessionPatch): Awaitable<PatchResult> {
    const session = this.#sealer.seal("record", handle, patch.data);
    let sealed: DataChanges | undefined;
    const changes = (): DataChanges => {
      if (sealed !== undefined) return sealed;
      // Only what changed: a value that is merely encrypted with an older key may be newer in the store.
      const { set, unset } = patch.changes();
      const texts = Array.from(set, ([key, text]): [string, string] => [
        key,
        this.#sealer.sealOne(session, handle, key, text),
      ]);
      sealed = { set: new Map(texts), unset };
      return sealed;
    };
    const answer = this.#inner.patch(handle, { ...patch, data: session.sealed, changes });
    // Sealed, the data is larger: what is too large then may not be too large open.
    return then(answer, (result) => (result === "tooLarge" ? this.#merge(handle, patch) : result));
  }

  override touch(handle: string, idleTimeout: number): Awaitable<boolean> {
    return this.#inner.touch(handle, idleTimeout);
  }

  override delete(handle: string, ifVersion?: number, why?: DeleteReason): Awaitable<boolean> {
    this.#sealer.forget(handle);
    return this.#inner.delete(handle, ifVersion, why);
  }

  override listByUser(userId: string): Awaitable<UserSession[]> {
    return then(this.#inner.listByUser(userId), (sessions) =>
      sessions.map(({ handle, record }) => ({ handle, record: this.#open(handle, record) })),
    );
  }

  override revokeUser(userId: string, except?: string): Awaitable<string[]> {
    return then(this.#inner.revokeUser(userId, except), (handles) => {
      for (const handle of handles) this.#sealer.forget(handle);
      return handles;
    });
  }

  override lock(handle: string, seconds: number): Awaitable<number | "busy" | "ended"> {
    return this.#inner.lock(handle, seconds);
  }

  override relock(handle: string, fence: number, seconds: number): Awaitable<boolean> {
    return this.#inner.relock(handle, fence, seconds);
  }

  override standings(handles: readonly string[]): Awaitable<readonly Standing[]> {
    return this.#inner.standings(handles);
  }

  override listen(listener: EndListener): Awaitable<EndChannel | undefined> {
    return this.#inner.listen(listener);
  }

  /** One that cannot be decrypted has `data` "", so that it hides no others. */
  override scan(options: ScanOptions): Awaitable<ScanPage> {
    return then(this.#inner.scan(options), ({ sessions, cursor }) => {
      return { sessions: sessions.map((session) => this.#openOrEmpty(session)), cursor };
    });
  }

  override countAll(): Awaitable<SessionCount> {
    return this.#inner.countAll();
  }

  override deleteMany(handles: readonly string[], why?: Exclude<DeleteReason, "moved">): Awaitable<string[]> {
    for (const handle of handles) this.#sealer.forget(handle);
    return this.#inner.deleteMany(handles, why);
  }

  override adopt(handle: string, record: WholeRecord, instead?: string): Awaitable<boolean> {
    const { sealed } = this.#sealer.seal("record", handle, record.data);
    return this.#inner.adopt(handle, { ...record, data: sealed }, instead);
  }

  override moveOut(handle: string): Awaitable<WholeRecord | undefined> {
    return then(this.#inner.moveOut(handle), (record) => record && this.#open(handle, record));
  }

  override prune(): Awaitable<number> {
    return this.#inner.prune();
  }

  override close(): Awaitable<void> {
    return this.#inner.close();
  }

  /** Merges here, where the size of the open data is known, and stores the whole data if nobody writes in between. */
  #merge(handle: string, patch: SessionPatch): Promise<PatchResult> {
    return untilDone(this.environment, `session ${handle}`, async () => {
      const record = await this.read(handle);
      if (record === undefined || record.expiresAt <= record.now) return "ended";
      // The lock is the inner back-end's to judge.
      const held = { ...record, fence: patch.ifFence ?? 0, lockedUntil: 0 };
      const { result, data } = patchedData(held, patch);
      if (data === undefined) return result;
      const { version, secretHash: ifSecretHash } = record;
      const whole = { ...patch, data, baseVersion: version, ifVersion: version, ifSecretHash };
      const answer = await this.patch(handle, whole);
      if (answer !== "stale") return answer === "ok" ? result : answer;
      return (await this.#inner.read(handle))?.version === version ? "stale" : undefined;
    });
  }

  #openOrEmpty({ handle, record }: UserSession): UserSession {
    try {
      return { handle, record: this.#open(handle, record) };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return { handle, record: { ...record, data: "" } };
    }
  }

  #open<R extends SessionRecord>(handle: string, record: R): R {
    return { ...record, data: this.#sealer.open("record", handle, record.data) };
  }
}

function then<T, R>(answer: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  const thenable = typeof (answer as { then?: unknown } | null | undefined)?.then === "function";
  return thenable ? Promise.resolve(answer).then(next) : next(answer as T);
}
