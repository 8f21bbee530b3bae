import { sleep } from "../environment.ts";
import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { objectIn } from "../record/data.ts";
import { fromDictionary } from "./_dictionary.ts";
import { type Envelope, isEnvelope, LONGEST, opened, sealed } from "./_envelope.ts";
import { pageOfHandles } from "./_handle-list.ts";
import { refuseOther } from "./_kind.ts";
import { isHandle, pageOfUser } from "./_scan.ts";
import { Turns } from "./_turns.ts";
import {
  type ScanOptions,
  type ScanPage,
  SessionBackend,
  type SessionCount,
  type SessionData,
} from "./backend.ts";

/** An unstorage `Storage`, as of `createStorage` or `prefixStorage`, with the methods used here. */
export interface UnstorageLike {
  getItem(key: string): Promise<unknown>;
  setItem(key: string, value: object, options: { ttl: number }): Promise<unknown>;
  removeItem(key: string): Promise<unknown>;
  getKeys(base: string): Promise<string[]>;
  getMounts?(base: string): { driver: object }[];
}

/** Options of `UnstorageSessionBackend`. */
export interface UnstorageOptions {
  /** Where in the storage sessions are stored; default "sessions". Segments of letters, digits, `_` and `-`, joined by `:`. */
  readonly base?: string | undefined;
}

/** What a session becomes when it ends, until it is removed. */
const ENDED: Envelope = { micropie: "{}", until: 0 };

/** Seconds after which a driver with a time to live deletes an ended session that it failed to remove. */
const ENDED_TTL = 60;

/** Seconds after its deadline after which a record may be pruned: by then, no write that began before it can arrive. */
const SLACK = 60;

/** How many records are pruned at a time. */
const BATCH = 20;

/** Milliseconds between reads of a file that another process is writing. */
const PATIENCE = [1, 4, 16, 64, 256];

/**
 * Stores sessions with any unstorage driver: files, Redis, Cloudflare KV, Vercel, Netlify, Azure, Deno KV and many more.
 *
 * unstorage has no conditional writes, so this is a back-end of two methods: within one process it keeps every promise,
 * if the driver reads what it has just written; across processes the last write wins (docs/backends.md says which
 * promises that costs). Deadlines use the clock of the process, and hold with a driver that never expires anything;
 * one that does gets the time to live as `ttl`. With the others, `prune` deletes what has expired.
 *
 * Rejects with the driver's error. Throws ConfigError `backend` if it is not a storage or is read-only, and `base` if
 * that is not a key. `close` leaves the storage open.
 */
export class UnstorageSessionBackend extends SessionBackend {
  readonly #storage: UnstorageLike;
  readonly #base: string;
  readonly #turns: Turns = new Turns(this);

  constructor(storage: UnstorageLike, options: UnstorageOptions = {}) {
    super();
    refuseUnknown(options, ["base"]);
    const { base = "sessions" } = options;
    const wanted = "UnstorageSessionBackend takes a storage, made with createStorage";
    refuseOther(storage, ["a storage of unstorage"], wanted);
    if (!isStorage(storage)) throw new ConfigError("backend", wanted);
    const drivers = storage.getMounts?.("").map(({ driver }) => driver) ?? [];
    if (drivers.length > 0 && drivers.every(onlyReads)) {
      throw new ConfigError(
        "backend",
        "this storage is read-only: unstorage would drop every session silently",
      );
    }
    if (typeof base !== "string" || !/^[\w-]+(:[\w-]+)*$/.test(base)) {
      throw new ConfigError("base", `"${base}" is not a key of letters, digits, _ and -, joined by :`);
    }
    this.#storage = storage;
    this.#base = base;
  }

  override async load(id: string): Promise<SessionData> {
    return opened(await this.#read(this.#key(id)), this.now());
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    const key = this.#key(id);
    await this.#turns.take(key, async () => {
      if (timeout > 0 && Object.keys(data).length > 0) {
        const ttl = Math.ceil(Math.min(timeout, LONGEST));
        await this.#storage.setItem(key, sealed(data, timeout, this.now()), { ttl });
      } else {
        // Overwritten first: some drivers, such as those for files, do not report a failed removal.
        await this.#storage.setItem(key, ENDED, { ttl: ENDED_TTL });
        await this.#remove(key);
      }
    });
  }

  /** Lists every key for each page, since unstorage tells them all at once: not for very many sessions. */
  override async scan(options: ScanOptions): Promise<ScanPage> {
    if (options.userId !== undefined) return pageOfUser(this, options.userId, options);
    return pageOfHandles(this, await this.#handles(), options);
  }

  /** Counts the keys: also those of sessions that have expired and are not deleted yet. */
  override async countAll(): Promise<SessionCount> {
    return { sessions: (await this.#handles()).length, signedIn: undefined, exact: false };
  }

  /**
   * Deletes what expired more than a minute ago; returns how many sessions. It lists every key and reads every record,
   * so call it seldom (once an hour), in one process, and not at all with a driver that supports `ttl`.
   */
  override async prune(): Promise<number> {
    const keys = await this.#storage.getKeys(this.#base);
    let total = 0;
    for (let from = 0; from < keys.length; from += BATCH) {
      const pruned = await Promise.all(keys.slice(from, from + BATCH).map((key) => this.#pruneOne(key)));
      total += pruned.filter(Boolean).length;
    }
    return total;
  }

  async #handles(): Promise<string[]> {
    const keys = await this.#storage.getKeys(this.#base);
    return keys.map((key) => key.slice(this.#base.length + 1)).filter(isHandle);
  }

  #key(id: string): string {
    return `${this.#base}:${id}`;
  }

  async #read(key: string): Promise<unknown> {
    let value = await this.#storage.getItem(key);
    // unstorage returns text that is not JSON as it is: a part of a file that is being written.
    if (isText(value)) value = await this.#turns.take(key, () => this.#readWhole(key));
    // The drivers for files return some errors instead of throwing them.
    if (value instanceof Error) throw value;
    return value;
  }

  /** Reads while this process does not write. */
  async #readWhole(key: string): Promise<unknown> {
    let value = await this.#storage.getItem(key);
    for (const wait of PATIENCE) {
      if (!isText(value)) break;
      await sleep(this.environment, wait / 1000);
      value = await this.#storage.getItem(key);
    }
    return value;
  }

  async #remove(key: string): Promise<void> {
    try {
      await this.#storage.removeItem(key);
    } catch {
      // It is overwritten, so the session has ended. The rest is deleted by its `ttl` or the next prune.
    }
  }

  /** Returns whether it was a session that had expired. */
  async #pruneOne(key: string): Promise<boolean> {
    if (!this.#isOver(await this.#read(key))) return false;
    const record = await this.#turns.take(key, async () => {
      // Read again, because it may have been written meanwhile: a user's list by the next sign-in.
      const value = await this.#readWhole(key);
      if (!this.#isOver(value)) return undefined;
      await this.#remove(key);
      return fromDictionary(objectIn(value.micropie));
    });
    if (record === undefined) return false;
    this.onExpired?.(key.slice(this.#base.length + 1), record.userId);
    return true;
  }

  #isOver(value: unknown): value is Envelope {
    return isEnvelope(value) && value.until < this.now() - SLACK;
  }
}

function isStorage(storage: unknown): storage is UnstorageLike {
  const { getItem, setItem, removeItem, getKeys } = Object(storage) as { [name: string]: unknown };
  return [getItem, setItem, removeItem, getKeys].every((method) => typeof method === "function");
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function onlyReads(driver: object): boolean {
  const { setItem, options } = driver as { setItem?: unknown; options?: { readOnly?: unknown } };
  return typeof setItem !== "function" || options?.readOnly === true;
}
