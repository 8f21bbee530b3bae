import type { DataChanges, PatchResult, SessionPatch } from "../../record/contract.ts";
import { statements } from "../_d1/statements.ts";
import type { Row } from "../_sql/row.ts";
import { sqliteTable } from "../_sql/sqlite-table.ts";
import type { SessionBackend } from "../backend.ts";
import { D1SessionBackend } from "../d1.ts";
import { type ObjectStorage, StorageAsD1 } from "./storage.ts";

/** What the runtime passes to an object, as far as it is used here. */
export interface ObjectContext {
  readonly storage: ObjectStorage;
}

/** The methods of a back-end whose arguments and results can be sent as they are. */
export type SentMethod = Exclude<
  keyof SessionBackend,
  "patch" | "prune" | "listen" | "now" | "close" | "environment" | "onExpired" | "onMoved"
>;

/** A patch as it is sent: without its function, whose result is seldom needed. */
export type SentPatch = Omit<SessionPatch, "changes">;

/** What one step of pruning has deleted, and whether more is due. */
export interface Pruned {
  readonly expired: readonly (readonly [handle: string, userId: string | null])[];
  readonly more: boolean;
}

/** The methods of an object by RPC: those of `SessionBackend`, for the sessions that it holds. */
export interface SessionsMethods {
  /** Calls a method of the back-end. */
  run<M extends SentMethod>(
    method: M,
    ...args: Parameters<SessionBackend[M]>
  ): Promise<Awaited<ReturnType<SessionBackend[M]>>>;
  /** Returns `changes` if nothing was stored because the patch has to be merged: call it again with the changes. */
  patch(handle: string, patch: SentPatch, changes?: DataChanges): Promise<PatchResult | "changes">;
  /** Deletes some expired records. */
  prune(): Promise<Pruned>;
  /** Called by the runtime: deletes expired records. */
  alarm(): Promise<void>;
}

const TABLE = "sessions";
const SQL = statements(TABLE);

/** How many expired records are deleted at once, while all other calls of the object wait: some milliseconds. */
const BATCH = 1000;

/** Milliseconds after which an object that holds sessions looks for expired ones. */
const PAUSE = 3_600_000;

/** Thrown and caught here, to leave a patch before anything is stored. */
const CHANGES_NEEDED = new Error("changes");

/**
 * Returns the class of the Durable Objects that hold the sessions of a `DurableObjectSessionBackend`. Takes the base
 * class of the runtime, which can only be imported there:
 *
 *     import { DurableObject } from "cloudflare:workers";
 *     export class Sessions extends SessionsObject(DurableObject) {}
 *
 * Add the class to `new_sqlite_classes` in the Worker's migrations. Each object holds its part of the sessions in its
 * own SQLite database, in the table "sessions"; an alarm deletes expired ones every hour while there are any.
 */
export function SessionsObject<Context extends ObjectContext, Env, Base extends object>(
  base: abstract new (context: Context, env: Env) => Base,
): new (
  context: Context,
  env: Env,
) => Base & SessionsMethods {
  const DurableObject = base as unknown as new (context: Context, env: Env) => object;

  class Sessions extends DurableObject implements SessionsMethods {
    readonly #storage: ObjectStorage;
    readonly #backend: D1SessionBackend;

    constructor(context: Context, env: Env) {
      super(context, env);
      this.#storage = context.storage;
      for (const statement of sqliteTable(TABLE)) this.#storage.sql.exec(statement);
      this.#backend = new D1SessionBackend(new StorageAsD1(this.#storage), { table: TABLE });
    }

    async run<M extends SentMethod>(
      method: M,
      ...args: Parameters<SessionBackend[M]>
    ): Promise<Awaited<ReturnType<SessionBackend[M]>>> {
      const result = await Reflect.apply(this.#backend[method], this.#backend, args);
      if (method === "create" || method === "save" || method === "adopt") await this.#wakeLater();
      return result;
    }

    async patch(handle: string, patch: SentPatch, known?: DataChanges): Promise<PatchResult | "changes"> {
      const changes = (): DataChanges => {
        if (known === undefined) throw CHANGES_NEEDED;
        return known;
      };
      try {
        return await this.#backend.patch(handle, { ...patch, changes });
      } catch (error) {
        if (error === CHANGES_NEEDED) return "changes";
        throw error;
      }
    }

    async prune(): Promise<Pruned> {
      const rows = this.#storage.sql.exec(SQL.removeDue, BATCH).toArray() as Row[];
      return { expired: rows.map((row) => [row.handle, row.userId]), more: rows.length === BATCH };
    }

    async alarm(): Promise<void> {
      const { more } = await this.prune();
      const [left] = this.#storage.sql.exec(`SELECT handle FROM "${TABLE}" LIMIT 1`).toArray();
      // An object without sessions sleeps until it gets one.
      if (left !== undefined) await this.#storage.setAlarm(Date.now() + (more ? 100 : PAUSE));
    }

    async #wakeLater(): Promise<void> {
      if ((await this.#storage.getAlarm()) === null) await this.#storage.setAlarm(Date.now() + PAUSE);
    }
  }

  return Sessions as unknown as new (
    context: Context,
    env: Env,
  ) => Base & SessionsMethods;
}
