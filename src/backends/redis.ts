import { randomBytes } from "node:crypto";
import { newRecord, type StoredRecord } from "../record/record.ts";
import { dictionaryOf, fromDictionary, plainRecord } from "./_dictionary.ts";
import { openChannel } from "./_redis/channel.ts";
import { connect, type RedisLike, type Run, textOf } from "./_redis/client.ts";
import { refuseLate } from "./_redis/late.ts";
import { mergeHere } from "./_redis/merge.ts";
import { type RedisOptions, resolveOptions } from "./_redis/options.ts";
import { SESSION } from "./_redis/session-scripts.ts";
import { inBatches, lifetime, UserIndex } from "./_redis/user-index.ts";
import {
  answerOf,
  BEHIND,
  createArguments,
  hasPlainHashes,
  lockIn,
  patchArguments,
  RESULTS,
  readRecord,
  readStored,
  rotateArguments,
  saveArguments,
  stringIn,
  userText,
} from "./_redis/wire.ts";
import {
  type DeleteReason,
  type EndChannel,
  type EndListener,
  type NewRecord,
  type PatchResult,
  type Rotation,
  SessionBackend,
  type SessionData,
  type SessionPatch,
  type SessionRecord,
  type UserSession,
} from "./backend.ts";

export type { GlideLike, IoRedisLike, NodeRedisLike, RedisLike } from "./_redis/client.ts";
export type { RedisOptions } from "./_redis/options.ts";

const NONE: string[] = [];

/**
 * Stores sessions in Redis 6.2 or newer, or in Valkey: one server, Sentinel or Cluster, shared by any number of processes.
 *
 * Takes a client that you have created and connected, and never closes it: of node-redis (`createClient`,
 * `createClientPool`, `createCluster`, `createSentinel`), of ioredis or iovalkey (`Redis`, `Cluster`), or GLIDE's.
 * Each method is one script on one key, which goes to the primary; only a sign-in tells the user's index as well.
 * Every key has a TTL, so the server deletes what has expired: `prune` has nothing to do, and `onExpired` is not called.
 *
 * Throws ConfigError `backend` for anything but such a client, and `prefix`.
 */
export class RedisSessionBackend extends SessionBackend {
  readonly #client: RedisLike;
  readonly #run: Run;
  readonly #prefix: string;
  readonly #users: UserIndex;
  /** Names each write, so that one that a client sends again after a lost connection is not applied twice. */
  readonly #writer = randomBytes(6).toString("base64url");
  #writes = 0;

  constructor(client: RedisLike, options: RedisOptions = {}) {
    super();
    this.#prefix = resolveOptions(options).prefix;
    this.#client = client;
    this.#run = connect(client);
    this.#users = new UserIndex(this.#run, this.#prefix);
  }

  override async load(id: string): Promise<SessionData> {
    const record = await this.#stored(id);
    return record === undefined ? {} : dictionaryOf(record);
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    if (timeout <= 0 || Object.keys(data).length === 0) {
      await this.delete(id);
      return;
    }
    const known = fromDictionary(data);
    // Hashes with spaces are not the engine's, and would not come back as they were.
    const ours = known !== undefined && hasPlainHashes(known) ? known : undefined;
    const record = ours ?? newRecord(plainRecord(data, timeout), 0);
    const { userId, absoluteExpiresAt } = record;
    const store = (told: string): Promise<number | string> => {
      const args = saveArguments(record, timeout, ours === undefined ? "now" : "0", told);
      return this.#run(SESSION.save, this.#prefix + id, args, answerOf);
    };
    if (userId === null) await store("-");
    else {
      const seconds = lifetime(timeout, Math.max(timeout, absoluteExpiresAt - this.now()));
      await this.#signIn(userId, id, seconds, store);
    }
  }

  override read(handle: string): Promise<SessionRecord | undefined> {
    return this.#run(SESSION.read, this.#prefix + handle, NONE, readRecord);
  }

  override async create(handle: string, record: NewRecord): Promise<boolean> {
    const store = (told: string): Promise<number | string> =>
      this.#run(SESSION.create, this.#prefix + handle, createArguments(record, told), answerOf);
    const { userId, idleTimeout, absoluteTimeout } = record;
    if (userId === null) return (await store("-")) === 1;
    return (await this.#signIn(userId, handle, lifetime(idleTimeout, absoluteTimeout), store)) === 1;
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    const nonce = this.#nonce();
    const { rotation } = patch;
    if (rotation !== undefined) return this.#rotate(handle, patch, rotation, nonce);
    const begun = this.environment.now();
    const store = (isBehind: boolean): Promise<PatchResult> => {
      const args = patchArguments(patch, nonce, isBehind);
      return this.#run(SESSION.patch, this.#prefix + handle, args, (reply) => {
        const code = typeof reply === "number" ? reply : this.#users.confirm(handle, textOf(reply));
        if (code !== BEHIND)
          return RESULTS[code] ?? mergeHere(this, handle, patch, () => this.#stored(handle));
        refuseLate(handle, this.environment.now() - begun);
        return store(true);
      });
    };
    return store(false);
  }

  override touch(handle: string, idleTimeout: number): Promise<boolean> {
    const args = [String(idleTimeout)];
    return this.#run(SESSION.touch, this.#prefix + handle, args, (reply) =>
      typeof reply === "number" ? reply === 1 : this.#users.confirm(handle, textOf(reply)) === 1,
    );
  }

  override delete(handle: string, ifVersion?: number, why: DeleteReason = "logged_out"): Promise<boolean> {
    const args = [String(ifVersion ?? "-"), why];
    return this.#run(SESSION.delete, this.#prefix + handle, args, (reply) => {
      const [deleted, now = "", left = "", ...user] = textOf(reply).split(" ");
      const userId = stringIn(user.join(" "));
      if (userId !== undefined) this.#users.forgetEnded(userId, handle, now, left);
      return deleted === "1";
    });
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    const entries = await this.#users.list(userId);
    const records = await inBatches(entries, ({ handle }) => this.read(handle));
    const found: UserSession[] = [];
    const dead = entries.filter(({ handle, settled }, n) => {
      const record = records[n];
      const owned = record !== undefined && record.userId === userId && record.expiresAt > record.now;
      if (owned) found.push({ handle, record });
      return !owned && settled;
    });
    this.#users.forget(userId, dead);
    return found;
  }

  override async revokeUser(userId: string, except?: string): Promise<string[]> {
    const entries = (await this.#users.list(userId)).filter(({ handle }) => handle !== except);
    const end = [userText(userId), "end"];
    const left = await inBatches(entries, ({ handle }) =>
      this.#run(SESSION.owned, this.#prefix + handle, end, Number),
    );
    // What was not found, and was told a moment ago, may be stored yet.
    const over = entries.filter(({ settled }, n) => settled || left[n]! > 0);
    this.#users.forget(userId, over, Math.max(...left));
    await this.#users.refuseEviction(userId);
    return entries.filter((_, n) => left[n]! > 0).map(({ handle }) => handle);
  }

  override lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    const args = [String(seconds), this.#nonce()];
    return this.#run(SESSION.lock, this.#prefix + handle, args, lockIn);
  }

  override relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    const args = [String(fence), String(seconds)];
    return this.#run(SESSION.relock, this.#prefix + handle, args, (reply) => Number(reply) === 1);
  }

  override listen(listener: EndListener): Promise<EndChannel | undefined> {
    return openChannel(this.#client, this.#run, this.#prefix, listener);
  }

  async #rotate(
    handle: string,
    patch: SessionPatch,
    rotation: Rotation,
    nonce: string,
  ): Promise<PatchResult> {
    const begun = this.environment.now();
    const store = async (told: string, isBehind = false): Promise<number | string> => {
      const args = rotateArguments(patch, rotation, nonce, told, isBehind);
      const answer = await this.#run(SESSION.rotate, this.#prefix + handle, args, (reply) =>
        told === "-" && typeof reply !== "number"
          ? this.#users.confirm(handle, textOf(reply))
          : answerOf(reply),
      );
      if (answer !== BEHIND) return answer;
      refuseLate(handle, this.environment.now() - begun);
      return store(told, true);
    };
    const { idleTimeout } = patch;
    const { absoluteTimeout } = rotation;
    let { userId } = rotation;
    let seconds = absoluteTimeout === undefined ? undefined : lifetime(idleTimeout, absoluteTimeout);
    // The index needs both the user and the lifetime, because it outlives every session in it.
    if ((userId === undefined) !== (seconds === undefined)) {
      const record = await this.read(handle);
      if (record === undefined) return "ended";
      userId ??= record.userId ?? undefined;
      const idle = Math.max(idleTimeout, record.expiresAt - record.now);
      seconds ??= lifetime(idle, record.absoluteExpiresAt - record.now);
    }
    const code =
      userId === undefined ? await store("-") : await this.#signIn(userId, handle, seconds ?? 0, store);
    return RESULTS[Number(code)] ?? mergeHere(this, handle, patch, () => this.#stored(handle));
  }

  #stored(handle: string): Promise<StoredRecord | undefined> {
    return this.#run(SESSION.read, this.#prefix + handle, ["lock"], readStored);
  }

  /**
   * Tells the index first and stores afterwards, so that whatever is stored can be listed and revoked. The script refuses
   * what comes so late that the index may have dropped it, and replies its time. The nodes of a Cluster have clocks of
   * their own, so that may be a mistake: it is tried once more, by the clock of the node that refused.
   */
  async #signIn(
    userId: string,
    handle: string,
    seconds: number,
    store: (told: string) => Promise<number | string>,
  ): Promise<number> {
    const answer = await store(await this.#users.add(userId, handle, seconds));
    if (typeof answer === "number") return answer;
    await this.#users.add(userId, handle, seconds);
    const again = await store(answer);
    if (typeof again === "number") return again;
    throw new Error(`session ${handle}: signing in took longer than 30 seconds, so nothing was stored`);
  }

  #nonce(): string {
    return this.#writer + (this.#writes++).toString(36);
  }
}
