import type {
  DeleteReason,
  EndChannel,
  EndListener,
  NewRecord,
  PatchResult,
  SessionPatch,
  SessionRecord,
  UserSession,
} from "micropie/backends/backend";
import { applyPatch, FullSessionBackend, snapshot } from "micropie/backends/full";
import { applyLock, applyRelock, applyTouch } from "micropie/record/record";
import type { Place } from "micropie/testing/simulation";
import { heard } from "./postgres-model.ts";
import type { Rows } from "./rows.ts";

/** What a script notes so that it knows when it is sent again. */
export interface Notes {
  /** The last write. */
  nonce: string;
  /** The writes that required a version. */
  nonces: readonly string[];
  /** The write that has locked it. */
  lock: string;
}

/** The list of a user's sessions, each with the time at which it was told of it. */
export type Index = Map<string, Map<string, number>>;

/** After so many seconds, a sign-in that the index was told of is not stored any more. */
const TOLD = 30;
/** After so many seconds, an entry without a session is removed. */
const SETTLED = 60;

/**
 * The steps of `RedisSessionBackend`: which scripts a method sends, one after the other, and what each does at one moment. A
 * client sends a script again when it gets no answer, as those of Redis do. `test/simulation/models.test.ts` compares it with
 * the real one.
 */
export class RedisModel extends FullSessionBackend {
  readonly #rows: Rows<Notes>;
  readonly #index: Index;
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
    this.#index = index;
    this.#call = (what, step, kind = "write") => place.call(what, step, kind, true);
    this.#hear = place.hear;
    this.#name = name;
  }

  override read(handle: string): Promise<SessionRecord | undefined> {
    return this.#call(
      "read",
      () => {
        const row = this.#rows.live(handle);
        return row && snapshot(row, this.#rows.now());
      },
      "read",
    );
  }

  override async create(handle: string, record: NewRecord): Promise<boolean> {
    const store = (told: number | undefined): Promise<boolean | "late"> =>
      this.#call("create", () => {
        const row = this.#rows.live(handle);
        if (row !== undefined) return row.secretHash === record.secretHash;
        if (told !== undefined && this.#rows.now() - told > TOLD) return "late";
        return this.#rows.create(handle, record, { nonce: "", nonces: [], lock: "" });
      });
    return record.userId === null
      ? (await store(undefined)) === true
      : this.#signIn(record.userId, handle, store);
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
    return userId === undefined ? ((await store()) as PatchResult) : this.#signIn(userId, handle, store);
  }

  override touch(handle: string, idleTimeout: number): Promise<boolean> {
    return this.#call("touch", () => {
      const row = this.#rows.live(handle);
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
        const isMeant = row !== undefined && (ifVersion === undefined || row.version === ifVersion);
        if (!isMeant) return { isEnded: false, userId: null };
        return { isEnded: this.#rows.delete(handle, why), userId: row.userId };
      },
      "remove",
    );
    if (userId !== null) void this.#forget(userId, [handle]).catch(() => {});
    return isEnded;
  }

  override async listByUser(userId: string): Promise<UserSession[]> {
    const handles = await this.#listed(userId);
    const records = await Promise.all(handles.map((handle) => this.read(handle)));
    return handles.flatMap((handle, at) => {
      const record = records[at];
      return record?.userId === userId ? [{ handle, record }] : [];
    });
  }

  override async revokeUser(userId: string, except?: string): Promise<string[]> {
    const handles = (await this.#listed(userId)).filter((handle) => handle !== except);
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
      const row = this.#rows.live(handle);
      if (row === undefined) return "ended";
      if (row.lock === nonce) return row.fence;
      const answer = applyLock(row, seconds, this.#rows.now());
      if (answer !== "busy") row.lock = nonce;
      return answer;
    });
  }

  override relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    return this.#call("relock", () => {
      const row = this.#rows.live(handle);
      if (row === undefined || row.lock === "") return false;
      return applyRelock(row, fence, seconds, this.#rows.now());
    });
  }

  override listen(listener: EndListener): Promise<EndChannel | undefined> {
    return this.#call("subscribe", () => this.#rows.listen(heard(listener, this.#hear)), "read");
  }

  #nonce(): string {
    return `${this.#name}.${this.#writes++}`;
  }

  /** What the scripts `patch` and `rotate` do. */
  #patch(handle: string, patch: SessionPatch, nonce: string, told?: number): PatchResult | "late" {
    const row = this.#rows.live(handle);
    if (row === undefined) return "ended";
    const { rotation, ifVersion, ifSecretHash, baseVersion } = patch;
    // Applied already, if the client that lost the reply has sent this again.
    const hasSecret =
      rotation !== undefined && row.secretHash === rotation.secretHash && ifSecretHash !== row.secretHash;
    if (row.version !== baseVersion && (row.nonce === nonce || hasSecret))
      return row.version - baseVersion === 1 ? "ok" : "merged";
    if (row.epoch !== patch.ifEpoch) return "stale";
    if (ifVersion !== undefined && ifVersion !== row.version)
      return row.nonces.includes(nonce) ? "merged" : "stale";
    if (told !== undefined && this.#rows.now() - told > TOLD) return "late";
    const result = applyPatch(row, patch, this.#rows.now());
    if (result !== "ok" && result !== "merged") return result;
    row.nonce = nonce;
    if (ifVersion !== undefined) row.nonces = [...row.nonces, nonce];
    if (rotation?.raiseEpoch) this.#rows.tell(handle, "rights");
    return result;
  }

  /** Tells the index first and stores afterwards, so that whatever is stored can be listed and revoked. */
  async #signIn<R>(userId: string, handle: string, store: (told: number) => Promise<R | "late">): Promise<R> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const told = await this.#call("tell the index", () => {
        const list = this.#index.get(userId) ?? new Map<string, number>();
        this.#index.set(userId, list.set(handle, this.#rows.now()));
        return this.#rows.now();
      });
      const answer = await store(told);
      if (answer !== "late") return answer;
    }
    throw new Error(`session ${handle}: signing in took longer than ${TOLD} seconds, so nothing was stored`);
  }

  #listed(userId: string): Promise<string[]> {
    return this.#call("read the index", () => [...(this.#index.get(userId)?.keys() ?? [])], "read");
  }

  async #forget(userId: string, handles: readonly string[]): Promise<void> {
    await this.#call(
      "forget in the index",
      () => {
        const list = this.#index.get(userId);
        for (const handle of handles) {
          const told = list?.get(handle) ?? Number.POSITIVE_INFINITY;
          if (told <= this.#rows.now() - SETTLED) list?.delete(handle);
        }
      },
      "remove",
    );
  }
}
