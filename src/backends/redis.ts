import { adoptedRecord, isAdoptable, newRecord } from "../record/record.ts";
import { deleteEach } from "./_delete-each.ts";
import { dictionaryOf, fromDictionary, plainRecord } from "./_dictionary.ts";
import { openChannel } from "./_redis/channel.ts";
import { connect, type RedisLike, type Run, textOf } from "./_redis/client.ts";
import { type RedisOptions, resolveOptions } from "./_redis/options.ts";
import { Reader } from "./_redis/reader.ts";
import { countAll, scanPage } from "./_redis/scan.ts";
import { SESSION } from "./_redis/session-scripts.ts";
import { fits, milliseconds, stringIn } from "./_redis/text.ts";
import { BATCH, inBatches, lifetime, UserIndex } from "./_redis/user-index.ts";
import {
  adoptArguments,
  answerOf,
  createArguments,
  lockIn,
  movedIn,
  saveArguments,
  userText,
} from "./_redis/wire.ts";
import { Writer } from "./_redis/writer.ts";
import { pageOfUser } from "./_scan.ts";
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

export type { GlideLike, IoRedisLike, NodeRedisLike, RedisLike } from "./_redis/client.ts";
export type { RedisOptions } from "./_redis/options.ts";

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
  readonly #reader: Reader;
  readonly #prefix: string;
  readonly #users: UserIndex;
  readonly #writer: Writer;

  constructor(client: RedisLike, options: RedisOptions = {}) {
    super();
    this.#prefix = resolveOptions(options).prefix;
    this.#client = client;
    const connection = connect(client);
    this.#run = connection.run;
    this.#reader = new Reader(connection, this.#prefix);
    this.#users = new UserIndex(this.#run, this.#prefix);
    this.#writer = new Writer(this.#run, this.#prefix, this.#reader, this.#users, () => this.environment);
  }

  override async load(id: string): Promise<SessionData> {
    const record = await this.#reader.stored(id, this.environment);
    return record === undefined ? {} : dictionaryOf(record);
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    if (timeout <= 0 || Object.keys(data).length === 0) {
      await this.delete(id);
      return;
    }
    const known = fromDictionary(data);
    // What does not fit is not the engine's, and would not come back as it was.
    const ours = known !== undefined && fits(known) ? known : undefined;
    const record = ours ?? newRecord(plainRecord(data, timeout), 0);
    const { userId, absoluteExpiresAt } = record;
    const store = (told: string): Promise<number | string> => {
      const args = saveArguments(record, timeout, ours === undefined ? "now" : "0", told);
      return this.#run(SESSION.save, this.#prefix + id, args, answerOf);
    };
    if (userId === null) await store("-");
    else {
      const seconds = lifetime(timeout, Math.max(timeout, absoluteExpiresAt - this.now()));
      await this.#writer.signIn(userId, id, seconds, store);
    }
  }

  override read(handle: string): Promise<SessionRecord | undefined> {
    return this.#reader.read(handle, this.environment);
  }

  override async create(handle: string, record: NewRecord): Promise<boolean> {
    const store = (told: string): Promise<number | string> =>
      this.#run(SESSION.create, this.#prefix + handle, createArguments(record, told), answerOf);
    const { userId, idleTimeout, absoluteTimeout } = record;
    if (userId === null) return (await store("-")) === 1;
    return (await this.#writer.signIn(userId, handle, lifetime(idleTimeout, absoluteTimeout), store)) === 1;
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    return this.#writer.patch(handle, patch);
  }

  override touch(handle: string, idleTimeout: number): Promise<boolean> {
    const args = [String(milliseconds(idleTimeout))];
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
    const records = await inBatches(entries, ({ handle }) => this.#peek(handle));
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
    const args = [String(milliseconds(seconds)), this.#writer.nonce()];
    return this.#run(SESSION.lock, this.#prefix + handle, args, lockIn);
  }

  override relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    const args = [String(fence), String(milliseconds(seconds))];
    return this.#run(SESSION.relock, this.#prefix + handle, args, (reply) => Number(reply) === 1);
  }

  override standings(handles: readonly string[]): Awaitable<readonly Standing[]> {
    return standingsByRead({ read: (handle) => this.#peek(handle) }, handles);
  }

  override async scan(options: ScanOptions): Promise<ScanPage> {
    if (options.userId !== undefined) return pageOfUser(this, options.userId, options);
    return scanPage(this.#run, this.#prefix, options, (handle) => this.#peek(handle));
  }

  override countAll(): Promise<SessionCount> {
    return countAll(this.#run, this.#prefix);
  }

  override deleteMany(
    handles: readonly string[],
    why: Exclude<DeleteReason, "moved"> = "logged_out",
  ): Promise<string[]> {
    return deleteEach(this, handles, why, BATCH);
  }

  override async adopt(handle: string, record: WholeRecord, instead?: string): Promise<boolean> {
    if (!isAdoptable(record)) return false;
    const adopted = adoptedRecord(record, 0);
    if (!fits(adopted)) throw new Error(`session ${handle}: its version, epoch or hash does not fit`);
    const store = (told: string): Promise<number | string> =>
      this.#run(SESSION.adopt, this.#prefix + handle, adoptArguments(adopted, told, instead), answerOf);
    const { userId, expiresAt, absoluteExpiresAt } = adopted;
    if (userId === null) return (await store("-")) === 1;
    return (await this.#writer.signIn(userId, handle, lifetime(expiresAt, absoluteExpiresAt), store)) === 1;
  }

  override moveOut(handle: string): Promise<WholeRecord | undefined> {
    return this.#run(SESSION.moveOut, this.#prefix + handle, NONE, movedIn);
  }

  override listen(listener: EndListener): Promise<EndChannel | undefined> {
    return openChannel(this.#client, this.#run, this.#prefix, listener);
  }

  /** Returns what is there, also if it was moved out. */
  #peek(handle: string): Promise<SessionRecord | undefined> {
    return this.#reader.peek(handle, this.environment);
  }
}

const NONE: string[] = [];
