import type { SessionsMethods } from "./_durable-object/object.ts";
import { type DurableObjectOptions, resolveOptions } from "./_durable-object/options.ts";
import { shardOf } from "./_durable-object/shard.ts";
import { wrongCursor } from "./_scan.ts";
import {
  type DeleteReason,
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

export {
  type ObjectContext,
  type Pruned,
  type SentMethod,
  type SentPatch,
  type SessionsMethods,
  SessionsObject,
} from "./_durable-object/object.ts";
export type { DurableObjectOptions } from "./_durable-object/options.ts";
export type { ObjectStorage } from "./_durable-object/storage.ts";

/** Begins each cursor; the number of the object and its own cursor follow. */
const PLACE = "shard.";

/** How many objects one page asks at most. */
const SHARDS_OF_A_PAGE = 8;

/** The binding of a Durable Object class with the methods used here. */
export interface SessionsNamespace {
  idFromName(name: string): object;
  get(id: object, options?: { locationHint?: string | undefined }): object;
}

/**
 * Stores sessions in Cloudflare Durable Objects of a class made with `SessionsObject`. Takes the binding of that class.
 * Each session is held by one object, chosen among `shards` by its handle, and each method is one call of that object
 * (two, if a save meets another one). Listing or revoking a user's sessions, and pruning, is one call of every object.
 *
 * With more `shards` later, sessions whose handle moves to a new object are lost, and their users logged out: half of
 * them when the number is doubled. The others stay. With fewer, sessions of the objects that are left out would come
 * back if the number was raised again; choose another `name` instead.
 *
 * A record is one row of at most 2 MB. Throws ConfigError for a wrong option; rejects with the runtime's error.
 * The objects delete expired records without calling `onExpired`; `prune` calls it.
 */
export class DurableObjectSessionBackend extends SessionBackend {
  readonly #namespace: SessionsNamespace;
  readonly #shards: number;
  readonly #name: string;
  readonly #placement: { locationHint?: string };

  constructor(namespace: SessionsNamespace, options: DurableObjectOptions = {}) {
    super();
    const { shards, name } = resolveOptions(namespace, options);
    this.#namespace = namespace;
    this.#shards = shards;
    this.#name = name;
    this.#placement = options.locationHint === undefined ? {} : { locationHint: options.locationHint };
  }

  override async load(id: string): Promise<SessionData> {
    return (await this.#holder(id).run("load", id)) ?? {};
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    await this.#holder(id).run("save", id, data, timeout);
  }

  override async read(handle: string): Promise<SessionRecord | undefined> {
    try {
      return await this.#holder(handle).run("read", handle);
    } catch (error) {
      // As when a new version of the Worker is deployed. A read can be repeated; the outcome of a write is unknown.
      if (!isReset(error)) throw error;
      return this.#holder(handle).run("read", handle);
    }
  }

  override async create(handle: string, record: NewRecord): Promise<boolean> {
    return this.#holder(handle).run("create", handle, record);
  }

  override async patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    const { changes, ...sent } = patch;
    const result = await this.#holder(handle).patch(handle, sent);
    if (result !== "changes") return result;
    return (await this.#holder(handle).patch(handle, sent, changes())) as PatchResult;
  }

  override async touch(handle: string, idleTimeout: number): Promise<boolean> {
    return this.#holder(handle).run("touch", handle, idleTimeout);
  }

  override async delete(handle: string, ifVersion?: number, why?: DeleteReason): Promise<boolean> {
    return this.#holder(handle).run("delete", handle, ifVersion, why);
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    return (await this.#all((object) => object.run("listByUser", userId))).flat();
  }

  override async revokeUser(userId: string, except?: string): Promise<string[]> {
    return (await this.#all((object) => object.run("revokeUser", userId, except))).flat();
  }

  override async lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    return this.#holder(handle).run("lock", handle, seconds);
  }

  override async relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    return this.#holder(handle).run("relock", handle, fence, seconds);
  }

  override async standings(handles: readonly string[]): Promise<Standing[]> {
    return (await this.#each(handles, (object, some) => object.run("standings", some))).flat();
  }

  /** Asks the objects one after the other, a few of them for one page. */
  override async scan(options: ScanOptions): Promise<ScanPage> {
    const sessions: UserSession[] = [];
    let { shard, cursor } = placeIn(options.cursor, this.#shards);
    for (let asked = 0; shard < this.#shards && asked < SHARDS_OF_A_PAGE; asked++) {
      const limit = options.limit - sessions.length;
      if (limit === 0) break;
      const page: ScanPage = await this.#object(shard).run("scan", { ...options, limit, cursor });
      sessions.push(...page.sessions);
      cursor = page.cursor;
      if (cursor === undefined) shard += 1;
    }
    const last = cursor === undefined ? "" : `.${cursor}`;
    return { sessions, cursor: shard < this.#shards ? `${PLACE}${shard}${last}` : undefined };
  }

  override async countAll(): Promise<SessionCount> {
    const counts = await this.#all((object) => object.run("countAll"));
    return {
      sessions: counts.reduce((sum, { sessions }) => sum + sessions, 0),
      signedIn: counts.reduce((sum, { signedIn = 0 }) => sum + signedIn, 0),
      exact: true,
    };
  }

  override async deleteMany(handles: readonly string[]): Promise<string[]> {
    return (await this.#each(handles, (object, some) => object.run("deleteMany", some))).flat();
  }

  override async adopt(handle: string, record: WholeRecord, instead?: string): Promise<boolean> {
    return this.#holder(handle).run("adopt", handle, record, instead);
  }

  override async moveOut(handle: string): Promise<WholeRecord | undefined> {
    return this.#holder(handle).run("moveOut", handle);
  }

  override async prune(): Promise<number> {
    const counts = await this.#all(async (object) => {
      for (let total = 0; ; ) {
        const { expired, more } = await object.prune();
        for (const [handle, userId] of expired) this.onExpired?.(handle, userId);
        total += expired.length;
        if (!more) return total;
      }
    });
    return counts.reduce((sum, count) => sum + count, 0);
  }

  #holder(handle: string): SessionsMethods {
    return this.#object(shardOf(handle, this.#shards));
  }

  /** Asks each object for those of these sessions that it holds. */
  #each<R>(
    handles: readonly string[],
    ask: (object: SessionsMethods, some: readonly string[]) => Promise<R>,
  ): Promise<R[]> {
    const byShard = Map.groupBy(handles, (handle) => shardOf(handle, this.#shards));
    return Promise.all(Array.from(byShard, ([shard, some]) => ask(this.#object(shard), some)));
  }

  #all<R>(ask: (object: SessionsMethods) => Promise<R>): Promise<R[]> {
    return Promise.all(Array.from({ length: this.#shards }, (_, shard) => ask(this.#object(shard))));
  }

  /** A new stub for each call, because one that has met an error is broken. */
  #object(shard: number): SessionsMethods {
    const id = this.#namespace.idFromName(`${this.#name}-${shard}`);
    return this.#namespace.get(id, this.#placement) as SessionsMethods;
  }
}

/** Returns at which object a page begins, and where in it. Throws ConfigError `cursor`. */
function placeIn(text: string | undefined, shards: number): { shard: number; cursor: string | undefined } {
  if (text === undefined) return { shard: 0, cursor: undefined };
  const [, shard, cursor] = /^shard\.(\d{1,3})(?:\.(.+))?$/.exec(text) ?? [];
  if (shard === undefined || Number(shard) >= shards) throw wrongCursor();
  return { shard: Number(shard), cursor };
}

/** Returns whether the object was reset during the call; another instance of it takes the next one. */
function isReset(error: unknown): boolean {
  const { durableObjectReset, retryable, overloaded } = Object(error) as Record<string, unknown>;
  return (durableObjectReset === true || retryable === true) && overloaded !== true;
}
