import type { SessionsMethods } from "./_durable-object/object.ts";
import { type DurableObjectOptions, resolveOptions } from "./_durable-object/options.ts";
import { shardOf } from "./_durable-object/shard.ts";
import {
  type NewRecord,
  type PatchResult,
  SessionBackend,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type Standing,
  type UserSession,
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

  override async delete(handle: string, ifVersion?: number): Promise<boolean> {
    return this.#holder(handle).run("delete", handle, ifVersion);
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
    const byShard = Map.groupBy(handles, (handle) => shardOf(handle, this.#shards));
    const asked = Array.from(byShard, ([shard, some]) => this.#object(shard).run("standings", some));
    return (await Promise.all(asked)).flat();
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

  #all<R>(ask: (object: SessionsMethods) => Promise<R>): Promise<R[]> {
    return Promise.all(Array.from({ length: this.#shards }, (_, shard) => ask(this.#object(shard))));
  }

  /** A new stub for each call, because one that has met an error is broken. */
  #object(shard: number): SessionsMethods {
    const id = this.#namespace.idFromName(`${this.#name}-${shard}`);
    return this.#namespace.get(id, this.#placement) as SessionsMethods;
  }
}

/** Returns whether the object was reset during the call; another instance of it takes the next one. */
function isReset(error: unknown): boolean {
  const { durableObjectReset, retryable, overloaded } = Object(error) as Record<string, unknown>;
  return (durableObjectReset === true || retryable === true) && overloaded !== true;
}
