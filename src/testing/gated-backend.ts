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
} from "../backends/backend.ts";
import { type Gate, gate } from "./gate.ts";

/** The calls of a back-end that can be watched, held and made to fail. */
export type Verb =
  | "load"
  | "save"
  | "read"
  | "create"
  | "patch"
  | "touch"
  | "delete"
  | "listByUser"
  | "revokeUser"
  | "lock"
  | "relock"
  | "standings"
  | "listen"
  | "scan"
  | "countAll"
  | "deleteMany"
  | "adopt"
  | "moveOut"
  | "prune";

const READING: readonly Verb[] = ["load", "read", "listByUser", "standings", "listen", "scan", "countAll"];

/**
 * A back-end around another one that does nothing by itself: what it is asked goes on unchanged, and as synchronously
 * as the inner one answers. But it counts, and the test can hold any call at a gate, or let the store be down.
 */
export class GatedBackend extends SessionBackend {
  readonly inner: SessionBackend;
  /** Every call until now, in order. */
  readonly calls: Verb[] = [];
  readonly #held = new Map<Verb, { gate: Gate; side: "before" | "after" }>();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #broken = new Map<Verb, { error: unknown } | { asked: () => void }>();

  constructor(inner: SessionBackend) {
    super();
    this.inner = inner;
    // An engine's environment stays out: the store has a clock of its own.
    Object.defineProperty(this, "onExpired", {
      get: () => inner.onExpired,
      set: (listener) => {
        inner.onExpired = listener;
      },
    });
  }

  /** How many calls of these verbs there were; of all verbs if none is named. */
  count(...verbs: Verb[]): number {
    return verbs.length === 0 ? this.calls.length : this.calls.filter((verb) => verbs.includes(verb)).length;
  }

  /** How many calls there were that could have changed what is stored. */
  get writes(): number {
    return this.calls.length - this.count(...READING);
  }

  /** Forgets the calls until now. */
  forget(): void {
    this.calls.length = 0;
  }

  /**
   * Holds the next call of this verb at a gate: `before` it reaches the store, or `after` the store has answered,
   * so that only the answer is late. Later calls of the verb pass.
   */
  hold(verb: Verb, side: "before" | "after" = "before"): Gate {
    const held = gate();
    this.#held.set(verb, { gate: held, side });
    return held;
  }

  /** From now on these calls reject, and nothing reaches the store. */
  fail(verbs: readonly Verb[], error: unknown = new Error("the store is down")): void {
    for (const verb of verbs) this.#broken.set(verb, { error });
  }

  /** From now on these calls are never answered, and nothing reaches the store. Resolves at the first such call. */
  silence(verbs: readonly Verb[]): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const verb of verbs) this.#broken.set(verb, { asked: resolve });
    return promise;
  }

  /** Fulfilled when every call that has reached the store, or waits at an open gate, is answered. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  /** The store is up again. */
  mend(): void {
    this.#broken.clear();
  }

  override load(id: string): Awaitable<SessionData | null | undefined> {
    return this.#pass("load", () => this.inner.load(id));
  }
  override save(id: string, data: SessionData, timeout: number): Awaitable<void> {
    return this.#pass("save", () => this.inner.save(id, data, timeout));
  }
  override now(): number {
    return this.inner.now();
  }
  override read(handle: string): Awaitable<SessionRecord | undefined> {
    return this.#pass("read", () => this.inner.read(handle));
  }
  override create(handle: string, record: NewRecord): Awaitable<boolean> {
    return this.#pass("create", () => this.inner.create(handle, record));
  }
  override patch(handle: string, patch: SessionPatch): Awaitable<PatchResult> {
    return this.#pass("patch", () => this.inner.patch(handle, patch));
  }
  override touch(handle: string, idleTimeout: number): Awaitable<boolean> {
    return this.#pass("touch", () => this.inner.touch(handle, idleTimeout));
  }
  override delete(handle: string, ifVersion?: number, why?: DeleteReason): Awaitable<boolean> {
    return this.#pass("delete", () => this.inner.delete(handle, ifVersion, why));
  }
  override listByUser(userId: string): Awaitable<UserSession[]> {
    return this.#pass("listByUser", () => this.inner.listByUser(userId));
  }
  override revokeUser(userId: string, except?: string): Awaitable<string[]> {
    return this.#pass("revokeUser", () => this.inner.revokeUser(userId, except));
  }
  override lock(handle: string, seconds: number): Awaitable<number | "busy" | "ended"> {
    return this.#pass("lock", () => this.inner.lock(handle, seconds));
  }
  override relock(handle: string, fence: number, seconds: number): Awaitable<boolean> {
    return this.#pass("relock", () => this.inner.relock(handle, fence, seconds));
  }
  override standings(handles: readonly string[]): Awaitable<readonly Standing[]> {
    return this.#pass("standings", () => this.inner.standings(handles));
  }
  override listen(listener: EndListener): Awaitable<EndChannel | undefined> {
    return this.#pass("listen", () => this.inner.listen(listener));
  }
  override scan(options: ScanOptions): Awaitable<ScanPage> {
    return this.#pass("scan", () => this.inner.scan(options));
  }
  override countAll(): Awaitable<SessionCount> {
    return this.#pass("countAll", () => this.inner.countAll());
  }
  override deleteMany(handles: readonly string[], why?: Exclude<DeleteReason, "moved">): Awaitable<string[]> {
    return this.#pass("deleteMany", () => this.inner.deleteMany(handles, why));
  }
  override adopt(handle: string, record: WholeRecord, instead?: string): Awaitable<boolean> {
    return this.#pass("adopt", () => this.inner.adopt(handle, record, instead));
  }
  override moveOut(handle: string): Awaitable<WholeRecord | undefined> {
    return this.#pass("moveOut", () => this.inner.moveOut(handle));
  }
  override prune(): Awaitable<number> {
    return this.#pass("prune", () => this.inner.prune());
  }
  override close(): Awaitable<void> {
    return this.inner.close();
  }

  #pass<T>(verb: Verb, run: () => Awaitable<T>): Awaitable<T> {
    this.calls.push(verb);
    const broken = this.#broken.get(verb);
    if (broken !== undefined && "error" in broken) return Promise.reject(broken.error);
    if (broken !== undefined) {
      broken.asked();
      return new Promise(() => {});
    }
    const held = this.#held.get(verb);
    if (held === undefined) return this.#track(run());
    this.#held.delete(verb);
    return this.#track(held.side === "before" ? held.gate.wait().then(run) : this.#late(held.gate, run));
  }

  #track<T>(answer: Awaitable<T>): Awaitable<T> {
    if (!(answer instanceof Promise)) return answer;
    this.#pending.add(answer);
    const done = (): void => void this.#pending.delete(answer);
    answer.then(done, done);
    return answer;
  }

  async #late<T>(held: Gate, run: () => Awaitable<T>): Promise<T> {
    const answer = await run();
    await held.wait();
    return answer;
  }
}
