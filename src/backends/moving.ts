import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { newRecord, wholeRecord } from "../record/record.ts";
import { deleteEach } from "./_delete-each.ts";
import { listenToBoth } from "./_moving/both-channels.ts";
import { scanBoth } from "./_moving/both-scans.ts";
import { deleteSeen, removeLeftover } from "./_moving/leftover.ts";
import { Mover } from "./_moving/mover.ts";
import { putNew } from "./_moving/new-record.ts";
import { isReservation, standingOf } from "./_moving/reservation.ts";
import {
  type Awaitable,
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

export { type MoveOptions, type MoveProgress, moveSessions } from "./_moving/move-sessions.ts";

/** Options of `MovingSessionBackend`. */
export interface MovingOptions {
  /** Where sessions are now. */
  readonly from: SessionBackend | LoadSave;
  /** Where they go. */
  readonly to: SessionBackend | LoadSave;
  /**
   * Whether this process moves sessions, and creates new ones in the target. With false it finds them in both, and creates them in
   * the source: deploy that everywhere first, so that no process is left that knows the source alone. Default true.
   */
  readonly move?: boolean | undefined;
}

/** The most handles that `deleteMany` takes. */
const MANY = 500;
const ONE_OF_TWO = "Pass one of its two stores: MovingSessionBackend moves sessions itself.";

/**
 * Moves sessions from one store to another while requests use them, and nobody is logged out: a session moves when it is first used,
 * `moveSessions` moves the others. Handle, secret, rights, deadlines, user and lock stay; what ends it ends it in both
 * stores; a change is in what is moved, or is made in the target. All back-ends that can give and take whole records will do, which
 * are all but memcached and stores of other libraries; of two methods, one in a single process. See "Move between stores" in docs/operators.md.
 *
 * Throws ConfigError `from`, `to` or `move`.
 */
export class MovingSessionBackend extends SessionBackend {
  readonly #from: SessionBackend;
  readonly #to: SessionBackend;
  readonly #moves: boolean;
  readonly #mover: Mover;

  constructor(options: MovingOptions) {
    super();
    refuseUnknown(Object(options), ["from", "to", "move"]);
    const { from, to, move = true } = Object(options) as MovingOptions;
    this.#from = toBackend(from, "MovingSessionBackend takes { from, to }, two back-ends");
    this.#to = toBackend(to, "MovingSessionBackend takes { from, to }, two back-ends");
    if (this.#from === this.#to) throw new ConfigError("to", "Pass another back-end than `from`.");
    if (this.#from instanceof MovingSessionBackend) throw new ConfigError("from", ONE_OF_TWO);
    if (this.#to instanceof MovingSessionBackend) throw new ConfigError("to", ONE_OF_TWO);
    if (typeof move !== "boolean") throw new ConfigError("move", "Pass true or false.");
    this.#moves = move;
    this.#mover = new Mover(this.#from, this.#to);
    for (const name of ["onExpired", "onMoved", "environment"] as const) {
      Object.defineProperty(this, name, {
        get: () => this.#to[name],
        set: (value: unknown) => {
          Object.assign(this.#from, { [name]: value });
          Object.assign(this.#to, { [name]: value });
        },
      });
    }
  }

  override now(): number {
    return this.#to.now();
  }

  override read(handle: string): Promise<SessionRecord | undefined> {
    return this.#on(handle, undefined, (backend) => backend.read(handle));
  }

  override async load(id: string): Promise<SessionData> {
    const there = (await this.#to.load(id)) ?? {};
    return Object.keys(there).length > 0 ? there : ((await this.#from.load(id)) ?? {});
  }

  override async save(id: string, data: SessionData, timeout: number): Promise<void> {
    const place = await this.#mover.find(id, this.#moves);
    if (place === "from" || (place === "nowhere" && !this.#moves)) return this.#from.save(id, data, timeout);
    await this.#to.save(id, data, timeout);
    // A dictionary that is no session does not move.
    await this.#from.save(id, {}, 0);
  }

  override create(handle: string, record: NewRecord): Promise<boolean> {
    const whole = wholeRecord(newRecord(record, this.now()), this.now());
    return putNew(this.#mover, handle, whole, this.#moves, (backend) => backend.create(handle, record));
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    const { rotation } = patch;
    const mayShorten = rotation?.absoluteTimeout !== undefined || rotation?.restartIdle === true;
    return this.#on<PatchResult>(handle, "ended", async (backend) => {
      // What is left elsewhere and outlives the session would bring back what has expired.
      if (mayShorten) await removeLeftover(handle, { at: backend, other: this.#beside(backend) });
      return backend.patch(handle, patch);
    });
  }

  override touch(handle: string, idleTimeout: number): Promise<boolean> {
    return this.#on(handle, false, (backend) => backend.touch(handle, idleTimeout));
  }

  override lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    return this.#on<number | "busy" | "ended">(handle, "ended", (backend) => backend.lock(handle, seconds));
  }

  override relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    return this.#on(handle, false, (backend) => backend.relock(handle, fence, seconds));
  }

  /**
   * The source first: what is moved meanwhile has its place in the target by the time that this looks there. Then the source again,
   * for a process that moves sessions the other way; and before all, what such a one has left in the target, which would come back if
   * the rest fails.
   */
  override async delete(handle: string, ifVersion?: number, why?: DeleteReason): Promise<boolean> {
    if (ifVersion !== undefined)
      return this.#on(handle, false, (at) =>
        deleteSeen(handle, ifVersion, why, { at, other: this.#beside(at) }),
      );
    const left = await this.#to.delete(handle, undefined, "moved");
    const first = await this.#from.delete(handle, undefined, why);
    const there = await this.#to.read(handle);
    const second = await this.#to.delete(handle, undefined, why);
    const third = await this.#from.delete(handle, undefined, why);
    return left || first || third || (second && !isReservation(there));
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    const found = new Map<string, UserSession>();
    // Whichever way sessions move meanwhile, one of these looks finds each.
    for (const backend of [this.#from, this.#to, this.#from])
      for (const each of await backend.listByUser(userId))
        if (backend === this.#to || !found.has(each.handle)) found.set(each.handle, each);
    return [...found.values()];
  }

  /** In the order in which `delete` goes, and each end in both stores. */
  override async revokeUser(userId: string, except?: string): Promise<string[]> {
    const ended = new Set<string>();
    for (const [backend, other] of [
      [this.#from, this.#to],
      [this.#to, this.#from],
      [this.#from, this.#to],
    ] as const) {
      const listed = (await backend.listByUser(userId)).map(({ handle }) => handle);
      const others = listed.filter((handle) => handle !== except);
      await deleteEach(other, others, "moved");
      const handles = await backend.revokeUser(userId, except);
      for (let at = 0; at < handles.length; at += MANY)
        await other.deleteMany(handles.slice(at, at + MANY), "revoked");
      for (const handle of handles) ended.add(handle);
    }
    return [...ended];
  }

  override async standings(handles: readonly string[]): Promise<readonly Standing[]> {
    const found = new Map<string, Standing>();
    for (const backend of [this.#from, this.#to, this.#from]) {
      // The source again only for those that may have moved there meanwhile.
      const asked = backend === this.#from ? handles.filter((handle) => !found.has(handle)) : handles;
      if (asked.length === 0) continue;
      for (const standing of await backend.standings(asked)) {
        const now = await standingOf(backend, standing);
        if (now !== undefined) found.set(now.handle, now);
      }
    }
    return [...found.values()];
  }

  override listen(listener: EndListener): Promise<EndChannel | undefined> {
    return listenToBoth(this.#from, this.#to, listener);
  }

  override scan(options: ScanOptions): Promise<ScanPage> {
    return scanBoth(this.#from, this.#to, options);
  }

  /** What is being moved may be counted in both. */
  override async countAll(): Promise<SessionCount> {
    const [here, there] = [await this.#from.countAll(), await this.#to.countAll()];
    const signedIn =
      here.signedIn === undefined || there.signedIn === undefined
        ? undefined
        : here.signedIn + there.signedIn;
    const exact = this.#moves && here.exact && there.exact && here.sessions === 0;
    return { sessions: here.sessions + there.sessions, signedIn, exact };
  }

  override adopt(handle: string, record: WholeRecord, instead?: string): Promise<boolean> {
    if (instead !== undefined)
      return this.#on(handle, false, (backend) => backend.adopt(handle, record, instead));
    return putNew(this.#mover, handle, record, this.#moves, (backend) => backend.adopt(handle, record));
  }

  /** Throws ConfigError `backend`: sessions cannot move on before they have arrived. */
  override moveOut(_handle: string): never {
    throw new ConfigError("backend", ONE_OF_TWO);
  }

  override async prune(): Promise<number> {
    return (await this.#from.prune()) + (await this.#to.prune());
  }

  override async close(): Promise<void> {
    await this.#from.close();
    await this.#to.close();
  }

  #beside(backend: SessionBackend): SessionBackend {
    return backend === this.#to ? this.#from : this.#to;
  }

  /** Does it where the session is; `missing` is the answer if it is nowhere. */
  async #on<R>(handle: string, missing: R, act: (backend: SessionBackend) => Awaitable<R>): Promise<R> {
    const place = await this.#mover.find(handle, this.#moves);
    if (place === "nowhere") return missing;
    const answer = await act(place === "to" ? this.#to : this.#from);
    if (answer !== missing) return answer;
    // Another process may have moved it in between.
    const now = await this.#mover.find(handle, this.#moves);
    return now === "nowhere" ? answer : act(now === "to" ? this.#to : this.#from);
  }
}
