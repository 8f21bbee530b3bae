import { afterIn, pageOfUser } from "micropie/backends/_scan";
import { pageOf } from "micropie/backends/_sql/page";
import { patchRow } from "micropie/backends/_sql/patch";
import { Turns } from "micropie/backends/_turns";
import type {
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
import {
  applyPatch,
  FullSessionBackend,
  isMeant,
  isMoved,
  type StoredRecord,
  snapshot,
} from "micropie/backends/full";
import { applyLock, applyRelock, applyTouch } from "micropie/record/record";
import { overChannel } from "micropie/testing/_simulation/link";
import type { Place } from "micropie/testing/simulation";
import type { Rows } from "./rows.ts";

/**
 * The steps of `PostgresSessionBackend`: which statements a method sends, one after the other, and what each does at one moment.
 * `test/simulation/models.test.ts` compares it with the real one.
 */
export class PostgresModel extends FullSessionBackend {
  readonly #rows: Rows;
  readonly #call: Place["call"];
  readonly #hear: Place["hear"];
  readonly #turns = new Turns(this);

  constructor(rows: Rows, { environment, call, hear }: Pick<Place, "environment" | "call" | "hear">) {
    super();
    this.environment = environment;
    this.#rows = rows;
    this.#call = call;
    this.#hear = hear;
  }

  override now(): number {
    return this.environment.now();
  }

  override read(handle: string): Promise<SessionRecord | undefined> {
    return this.#call(
      "select",
      () => {
        const row = this.#rows.get(handle);
        return row === undefined || isMoved(row) ? undefined : snapshot(row, this.#rows.now());
      },
      "read",
    );
  }

  override create(handle: string, record: NewRecord): Promise<boolean> {
    return this.#call("insert", () => this.#rows.create(handle, record, {}));
  }

  override patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    return patchRow(handle, patch, {
      environment: this.environment,
      store: (data, version, ifSecretHash) => this.#store(handle, { ...patch, data, ifSecretHash }, version),
      read: () => this.#live(handle),
      inTurn: (work) => this.#turns.take(handle, work),
    });
  }

  override touch(handle: string, idleTimeout: number): Promise<boolean> {
    return this.#call("touch", () => {
      const row = this.#rows.usable(handle);
      if (row !== undefined) applyTouch(row, idleTimeout, this.#rows.now());
      return row !== undefined;
    });
  }

  override delete(handle: string, ifVersion?: number, why: DeleteReason = "logged_out"): Promise<boolean> {
    return this.#call(
      "delete",
      () => {
        const row = this.#rows.get(handle);
        if (row === undefined || !isMeant(row, ifVersion, why)) return false;
        return this.#rows.delete(handle, why);
      },
      "remove",
    );
  }

  override listByUser(userId: string): Promise<UserSession[]> {
    return this.#call(
      "select of a user",
      () =>
        this.#rows.of(userId).map(([handle, row]) => ({ handle, record: snapshot(row, this.#rows.now()) })),
      "read",
    );
  }

  override revokeUser(userId: string, except?: string): Promise<string[]> {
    return this.#call(
      "delete of a user",
      () => {
        const handles = this.#rows.of(userId).map(([handle]) => handle);
        return handles.filter((handle) => handle !== except && this.#rows.delete(handle, "revoked"));
      },
      "remove",
    );
  }

  override async lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
    const fence = await this.#call("lock", () => {
      const row = this.#rows.usable(handle);
      const answer = row && applyLock(row, seconds, this.#rows.now());
      return answer === "busy" ? undefined : answer;
    });
    if (fence !== undefined) return fence;
    return (await this.#live(handle)) === undefined ? "ended" : "busy";
  }

  override relock(handle: string, fence: number, seconds: number): Promise<boolean> {
    return this.#call("relock", () => {
      const row = this.#rows.usable(handle);
      return row !== undefined && applyRelock(row, fence, seconds, this.#rows.now());
    });
  }

  override standings(handles: readonly string[]): Promise<Standing[]> {
    return this.#call(
      "select of standings",
      () =>
        handles.flatMap((handle) => {
          const row = this.#rows.live(handle);
          return row === undefined
            ? []
            : [{ handle, epoch: snapshot(row, 0).epoch, left: row.expiresAt - this.#rows.now() }];
        }),
      "read",
    );
  }

  override listen(listener: EndListener): Promise<EndChannel | undefined> {
    return this.#call("listen", () => this.#rows.listen(overChannel(listener, this.#hear)), "read");
  }

  override scan(options: ScanOptions): Promise<ScanPage> {
    const { cursor, limit, userId } = options;
    if (userId !== undefined) return pageOfUser(this, userId, options);
    return this.#call(
      "select of a page",
      () => pageOf(this.#rows.after(afterIn(cursor), limit), options, undefined),
      "read",
    );
  }

  override adopt(handle: string, record: WholeRecord, instead?: string): Promise<boolean> {
    return this.#call("insert of a whole row", () => this.#rows.adopt(handle, record, instead, {}));
  }

  override moveOut(handle: string): Promise<WholeRecord | undefined> {
    return this.#call("update of a moved row", () => this.#rows.moveOut(handle));
  }

  override prune(): Promise<number> {
    return this.#call("delete of what is due", () => this.#rows.prune(), "remove");
  }

  #live(handle: string): Promise<StoredRecord | undefined> {
    return this.#call(
      "select",
      () => {
        const row = this.#rows.usable(handle);
        return row && { ...row };
      },
      "read",
    );
  }

  /** One statement, which writes only if all of its conditions hold. */
  #store(handle: string, patch: SessionPatch, version: number): Promise<boolean> {
    return this.#call("update", () => {
      const row = this.#rows.usable(handle);
      if (row === undefined) return false;
      const whole = { ...patch, ifVersion: version, baseVersion: version };
      const isStored = applyPatch(row, whole, this.#rows.now()) === "ok";
      if (isStored && patch.rotation?.raiseEpoch) this.#rows.tell(handle, "rights");
      return isStored;
    });
  }
}
