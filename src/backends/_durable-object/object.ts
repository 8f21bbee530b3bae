import { statements } from "../_d1/statements.ts";
import type { Row } from "../_sql/row.ts";
import { sqliteTable } from "../_sql/sqlite-table.ts";
import type {
  DataChanges,
  NewRecord,
  PatchResult,
  SessionPatch,
  SessionRecord,
  UserSession,
} from "../backend.ts";
import { D1SessionBackend } from "../d1.ts";
import { type ObjectStorage, StorageAsD1 } from "./storage.ts";

/** What the runtime gives to an object, as far as it is used here. */
export interface ObjectContext {
  readonly storage: ObjectStorage;
}

/** A patch as it travels: a function cannot, and what it would answer is seldom needed. */
export type SentPatch = Omit<SessionPatch, "changes">;

/** What one step of pruning has deleted, and whether more is due. */
export interface Pruned {
  readonly expired: readonly (readonly [handle: string, userId: string | null])[];
  readonly more: boolean;
}

/** What an object of the class answers by RPC: the verbs of `SessionBackend`, for the sessions that it holds. */
export interface SessionsMethods {
  /** The dictionary as JSON text. */
  load(id: string): Promise<string>;
  /** Takes the dictionary as JSON text. */
  save(id: string, dictionary: string, timeout: number): Promise<void>;
  read(handle: string): Promise<SessionRecord | undefined>;
  create(handle: string, record: NewRecord): Promise<boolean>;
  /** `changes`: nothing was stored yet, because the patch has to be merged; to be called again with what differs. */
  patch(handle: string, patch: SentPatch, changes?: DataChanges): Promise<PatchResult | "changes">;
  touch(handle: string, idleTimeout: number): Promise<boolean>;
  delete(handle: string, ifVersion?: number): Promise<boolean>;
  listByUser(userId: string): Promise<UserSession[]>;
  revokeUser(userId: string, except?: string): Promise<string[]>;
  lock(handle: string, seconds: number): Promise<number | "busy" | "ended">;
  relock(handle: string, fence: number, seconds: number): Promise<boolean>;
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
 * The class of the Durable Objects that hold the sessions of a `DurableObjectSessionBackend`, made from the base class
 * of the runtime, which can only be imported there:
 *
 *     import { DurableObject } from "cloudflare:workers";
 *     export class Sessions extends SessionsObject(DurableObject) {}
 *
 * It has to be one of the `new_sqlite_classes` of the Worker's migrations. Each object holds its part of the sessions
 * in its own SQLite database, in the table "sessions"; an alarm deletes expired ones every hour while it holds any.
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

    async load(id: string): Promise<string> {
      return JSON.stringify(await this.#backend.load(id));
    }

    async save(id: string, dictionary: string, timeout: number): Promise<void> {
      await this.#backend.save(id, JSON.parse(dictionary), timeout);
      await this.#wakeLater();
    }

    read(handle: string): Promise<SessionRecord | undefined> {
      return this.#backend.read(handle);
    }

    async create(handle: string, record: NewRecord): Promise<boolean> {
      const created = await this.#backend.create(handle, record);
      await this.#wakeLater();
      return created;
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

    touch(handle: string, idleTimeout: number): Promise<boolean> {
      return this.#backend.touch(handle, idleTimeout);
    }

    delete(handle: string, ifVersion?: number): Promise<boolean> {
      return this.#backend.delete(handle, ifVersion);
    }

    listByUser(userId: string): Promise<UserSession[]> {
      return this.#backend.listByUser(userId);
    }

    revokeUser(userId: string, except?: string): Promise<string[]> {
      return this.#backend.revokeUser(userId, except);
    }

    lock(handle: string, seconds: number): Promise<number | "busy" | "ended"> {
      return this.#backend.lock(handle, seconds);
    }

    relock(handle: string, fence: number, seconds: number): Promise<boolean> {
      return this.#backend.relock(handle, fence, seconds);
    }

    async prune(): Promise<Pruned> {
      const rows = this.#storage.sql.exec(SQL.removeDue, BATCH).toArray() as Row[];
      return { expired: rows.map((row) => [row.handle, row.user_id]), more: rows.length === BATCH };
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
