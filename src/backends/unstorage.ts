import { sleep } from "../environment.ts";
import { ConfigError } from "../errors.ts";
import { fromDictionary } from "./_dictionary.ts";
import { type Envelope, isEnvelope, LONGEST, opened, sealed } from "./_envelope.ts";
import { Turns } from "./_turns.ts";
import { SessionBackend, type SessionData } from "./backend.ts";

/** What is used of an unstorage `Storage`, made with `createStorage` or `prefixStorage`. */
export interface UnstorageLike {
  getItem(key: string): Promise<unknown>;
  setItem(key: string, value: object, options: { ttl: number }): Promise<unknown>;
  removeItem(key: string): Promise<unknown>;
  getKeys(base: string): Promise<string[]>;
  getMounts?(base: string): { driver: object }[];
}

/** Options of `UnstorageSessionBackend`. */
export interface UnstorageOptions {
  /** Where in the storage sessions are kept; default "sessions". Segments of letters, digits, `_` and `-`, with `:` between. */
  readonly base?: string;
}

/** What a session becomes when it ends, until it is removed. */
const ENDED: Envelope = { micropie: "{}", until: 0 };

/** Seconds that an ended session is kept by a driver that failed to remove it but knows how to expire it. */
const ENDED_TTL = 60;

/** Seconds after its deadline when a record may be pruned: by then no write that began before it can still arrive. */
const SLACK = 60;

/** How many records are pruned at a time. */
const BATCH = 20;

/** Milliseconds between reads of a file that another process has only begun to write. */
const PATIENCE = [1, 4, 16, 64, 256];

/**
 * Sessions in any unstorage driver: files, Redis, Cloudflare KV, Vercel, Netlify, Azure, Deno KV and many more.
 *
 * unstorage has no condition and no version, so this is a back-end of two methods: within one process it keeps every
 * promise, over a driver that reads what it has written; across processes the last write wins (docs/backends.md says
 * which promises that costs). Deadlines are on the clock of the process, and hold on a driver that never expires
 * anything; one that does is told the time to live as `ttl`. On the others, `prune` deletes what has expired.
 *
 * Rejects with whatever the driver throws. Throws ConfigError `backend` if it is not a storage, or one that only
 * reads; `base` if that is not a key. `close` leaves the storage open.
 */
export class UnstorageSessionBackend extends SessionBackend {
  readonly #storage: UnstorageLike;
  readonly #base: string;
  readonly #turns: Turns = new Turns(this);

  constructor(storage: UnstorageLike, options: UnstorageOptions = {}) {
    super();
    const { base = "sessions" } = options;
    if (!isStorage(storage)) {
      throw new ConfigError("backend", "UnstorageSessionBackend takes a storage, made with createStorage");
    }
    const drivers = storage.getMounts?.("").map(({ driver }) => driver) ?? [];
    if (drivers.length > 0 && drivers.every(onlyReads)) {
      throw new ConfigError(
        "backend",
        "this storage only reads: unstorage would drop every session silently",
      );
    }
    if (typeof base !== "string" || !/^[\w-]+(:[\w-]+)*$/.test(base)) {
      throw new ConfigError("base", `"${base}" is not a key of letters, digits, _ and -, with : between`);
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
        // Overwritten first: some drivers, that for files among them, say nothing when they could not remove.
        await this.#storage.setItem(key, ENDED, { ttl: ENDED_TTL });
        await this.#remove(key);
      }
    });
  }

  /**
   * Deletes what expired more than a minute ago; answers how many sessions. It lists every key and reads every record,
   * so call it seldom (once an hour), in one process, and not at all on a driver that knows `ttl`.
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

  #key(id: string): string {
    return `${this.#base}:${id}`;
  }

  async #read(key: string): Promise<unknown> {
    let value = await this.#storage.getItem(key);
    // unstorage answers text that is not JSON as it is: a file just being written, of which there is only a part.
    if (isText(value)) value = await this.#turns.take(key, () => this.#readWhole(key));
    // The drivers for files answer some errors instead of throwing them.
    if (value instanceof Error) throw value;
    return value;
  }

  /** Reads while nobody here writes. */
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
      // What has ended is overwritten, and nobody's session any more. It goes with its `ttl` or the next prune.
    }
  }

  /** Answers whether it was a session that had expired. */
  async #pruneOne(key: string): Promise<boolean> {
    if (!this.#isOver(await this.#read(key))) return false;
    const record = await this.#turns.take(key, async () => {
      // Read again, since it may have been written meanwhile: a user's list by the next sign-in.
      const value = await this.#readWhole(key);
      if (!this.#isOver(value)) return undefined;
      await this.#remove(key);
      return fromDictionary(JSON.parse(value.micropie));
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
