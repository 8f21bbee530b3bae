import { afterIn, pageOfUser } from "micropie/backends/_scan";
import { pageOf } from "micropie/backends/_sql/page";
import { standingsByRead } from "micropie/backends/_standings";
import type {
  Awaitable,
  DeleteReason,
  EndChannel,
  EndListener,
  NewRecord,
  PatchResult,
  ScanOptions,
  ScanPage,
  SessionPatch,
  SessionRecord,
  Standing,
  UserSession,
  WholeRecord,
} from "micropie/backends/backend";
import { applyPatch, FullSessionBackend, isMeant, isMoved, snapshot } from "micropie/backends/full";
import { applyLock, applyRelock, applyTouch, isAdoptable } from "micropie/record/record";
import { overChannel } from "micropie/testing/_simulation/link";
import type { Place } from "micropie/testing/simulation";
import { type Index, RedisIndex, TOLD } from "./redis-index.ts";
import type { Rows } from "./rows.ts";

/** What a script notes so that it knows when it is sent again. */
export interface Notes {
  /** The last write. */
  nonce: string;
  /** The writes that required a version, and those that they replaced. */
  nonces: readonly string[];
  /** The write that has locked it. */
  lock: string;
}

/**
 * The steps of `RedisSessionBackend`: which scripts a method sends, one after the other, and what each does at one moment. A
 * client sends a script again when it gets no answer, as those of Redis do. `test/simulation/models.test.ts` compares it with
 * the real one.
 */
export class RedisModel extends FullSessionBackend {
  readonly #rows: Rows<Notes>;
  readonly #users: RedisIndex;
  readonly #call: Place["call"];
  readonly #hear: Place["hear"];
  readonly #name: string;
  #writes = 0;

  constructor(
    rows: Rows<Notes>,
    index: Index,
    place: Pick<Place, "environment" | "call" | "hear">,
    name: string,
  ) {
    super();
    this.environment = place.environment;
    this.#rows = rows;
    this.#call = (what, step, kind = "write") => place.call(what, step, kind, true);
    this.#users = new RedisIndex(index, this.#call, () => rows.now());
    this.#hear = place.hear;
    this.#name = name;
  }

  override async read(handle: string): Promise<SessionRecord | undefined> {
    const row = await this.#peek(handle);
    return row?.isMoved ? undefined : row?.record;
  }

  override async create(handle: string, record: NewRecord): Promise<boolean> {
    const store = (told: number | undefined): Promise<boolean | "late"> =>
      this.#call("create", () => {
        const row = this.#rows.live(handle);
        if (row !== undefined) return !isMoved(row) && row.secretHash === record.secretHash;
        if (told !== undefined && this.#rows.now() - told > TOLD) return "late";
        return this.#rows.create(handle, record, { nonce: "", nonces: [], lock: "" });
      });
    return record.userId === null
      ? (await store(undefined)) === true
      : this.#users.signIn(record.userId, handle, store);
  }

  override async patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    const nonce = this.#nonce();
    const store = (told?: number): Promise<PatchResult | "late"> =>
      this.#call(patch.rotation === undefined ? "patch" : "rotate", () =>
        this.#patch(handle, patch, nonce, told),
      );
    const { rotation } = patch;
    if (rotation === undefined) return (await store()) as PatchResult;
    let { userId } = rotation;
    if ((userId === undefined) !== (rotation.absoluteTimeout === undefined)) {
      const record = await this.read(handle);
      if (record === undefined) return "ended";
      userId ??= record.userId ?? undefined;
    }
    return userId === undefined
      ? ((await store()) as PatchResult)
      : this.#users.signIn(userId, handle, store);
  }

  override touch(handle: string, idleTimeout: number): Promise<boolean> {
    return this.#call("touch", () => {
      const row = this.#rows.usable(handle);
      if (row !== undefined) applyTouch(row, idleTimeout, this.#rows.now());
      return row !== undefined;
    });
  }

  override async delete(
    handle: string,
    ifVersion?: number,
    why: DeleteReason = "logged_out",
  ): Promise<boolean> {
    const { isEnded, userId } = await this.#call(
      "delete",
      () => {
        const row = this.#rows.get(handle);
        if (row === undefined || !isMeant(row, ifVersion, why)) return { isEnded: false, userId: null };
        return { isEnded: this.#rows.delete(handle, why), userId: row.userId };
      },
      "remove",
    );
    if (userId !== null) void this.#users.forget(userId, [handle]).catch(() => {});
    return isEnded;
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    const handles = await this.#users.list(userId);
    const found = await Promise.all(handles.map((handle) => this.#peek(handle)));
    return handles.flatMap((handle, at) => {
      const record = found[at]?.record;
      return record?.userId === userId ? [{ handle, record }] : [];
    });
  }

  override async revokeUser(userId: string, except?: string): Promise<string[]> {
    const handles = (await this.#users.list(userId)).filter((handle) => handle !== except);
    const ended = await Promise.all(
      handles.map((handle) =>
        this.#call(
          "delete if owned",
          () => this.#rows.get(handle)?.userId === userId && this.#rows.delete(handle, "revoked"),
          "remove",
        ),
      ),
    );
    return handles.filter((_, at) => ended[at]);
  }

  override lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    const nonce = this.#nonce();
    return this.#call("lock", () => {
      const row = this.#rows.usable(handle);
      if (row === undefined) return "ended";
      if (row.lock === nonce) return row.fence;
      const answer = applyLock(row, seconds, this.#rows.now());
      if (answer !== "busy") row.lock = nonce;
      return answer;
    });
  }

  override relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    return this.#call("relock", () => {
      const row = this.#rows.usable(handle);
      if (row === undefined || row.lock === "") return false;
      return applyRelock(row, fence, seconds, this.#rows.now());
    });
  }

  override standings(handles: readonly string[]): Awaitable<readonly Standing[]> {
    return standingsByRead({ read: async (handle) => (await this.#peek(handle))?.record }, handles);
  }

  override async adopt(handle: string, record: WholeRecord, instead?: string): Promise<boolean> {
    if (!isAdoptable(record)) return false;
    const store = (told: number | undefined): Promise<boolean | "late"> =>
      this.#call("adopt", () => this.#adopt(handle, record, instead, told));
    const { userId } = record;
    return userId === null
      ? (await store(undefined)) === true
      : (await this.#users.signIn(userId, handle, store)) === true;
  }

  override moveOut(handle: string): Promise<WholeRecord | undefined> {
    return this.#call("move out", () => this.#rows.moveOut(handle));
  }

  /** `SCAN` has an order of its own; what is there throughout is on one of the pages here as well. */
  override scan(options: ScanOptions): Promise<ScanPage> {
    const { cursor, limit, userId } = options;
    if (userId !== undefined) return pageOfUser(this, userId, options);
    return this.#call(
      "scan",
      () => pageOf(this.#rows.after(afterIn(cursor), limit), options, undefined),
      "read",
    );
  }

  override listen(listener: EndListener): Promise<EndChannel | undefined> {
    return this.#call("subscribe", () => this.#rows.listen(overChannel(listener, this.#hear)), "read");
  }

  #nonce(): string {
    return `${this.#name}.${this.#writes++}`;
  }

  /** What is there, also if it was moved out. */
  #peek(handle: string): Promise<{ readonly record: SessionRecord; readonly isMoved: boolean } | undefined> {
    return this.#call(
      "read",
      () => {
        const row = this.#rows.live(handle);
        return row && { record: snapshot(row, this.#rows.now()), isMoved: isMoved(row) };
      },
      "read",
    );
  }

  /** What the script `adopt` does. */
  #adopt(handle: string, record: WholeRecord, instead: string | undefined, told?: number): boolean | "late" {
    const row = this.#rows.live(handle);
    if (row !== undefined && isMoved(row)) return false;
    // Adopted already, if the client that lost the reply has sent this again.
    const isDone = row?.secretHash === record.secretHash;
    if (instead === undefined) {
      if (row !== undefined) return isDone && row.epoch === record.epoch;
    } else if (row?.secretHash !== instead) return isDone;
    if (told !== undefined && this.#rows.now() - told > TOLD) return "late";
    const lock = record.fence === 0 ? "" : ".";
    return this.#rows.adopt(handle, record, instead, { nonce: "", nonces: [], lock });
  }

  /** What the scripts `patch` and `rotate` do. */
  #patch(handle: string, patch: SessionPatch, nonce: string, told?: number): PatchResult | "late" {
    const row = this.#rows.usable(handle);
    if (row === undefined) return "ended";
    const { rotation, ifVersion, ifSecretHash, baseVersion } = patch;
    // Applied already, if the client that lost the reply has sent this again.
    const hasSecret =
      rotation !== undefined && row.secretHash === rotation.secretHash && ifSecretHash !== row.secretHash;
    if (row.version !== baseVersion && (row.nonce === nonce || hasSecret))
      return row.version - baseVersion === 1 ? "ok" : "merged";
    if (ifVersion === undefined && row.version !== baseVersion && row.nonces.includes(nonce)) return "merged";
    if (ifVersion !== undefined && ifVersion !== row.version)
      return row.nonces.includes(nonce) ? "merged" : "stale";
    if (row.epoch !== patch.ifEpoch) return "stale";
    if (told !== undefined && this.#rows.now() - told > TOLD) return "late";
    const result = applyPatch(row, patch, this.#rows.now());
    if (result !== "ok" && result !== "merged") return result;
    const replaced = row.nonce === "" ? [] : [row.nonce];
    if (ifVersion !== undefined) row.nonces = [...new Set([...row.nonces, ...replaced, nonce])];
    row.nonce = nonce;
    if (rotation?.raiseEpoch) this.#rows.tell(handle, "rights");
    return result;
  }
}
