import { hash } from "node:crypto";
import type { LoadSave } from "../../record/contract.ts";
import type { Turns } from "../_turns.ts";

/**
 * The list of each user's sessions, stored with the same `load` and `save` under "user_" and the SHA-256 of the user's
 * id. A list may name sessions that are gone, but within one process it never misses one.
 */
export class UserLists {
  readonly #backend: LoadSave & { now(): number };
  readonly #turns: Turns;

  constructor(backend: LoadSave & { now(): number }, turns: Turns) {
    this.#backend = backend;
    this.#turns = turns;
  }

  async list(userId: string): Promise<string[]> {
    const id = idOf(userId);
    return this.#turns.take(id, async () => Object.keys(await this.#load(id)));
  }

  /** Lists the session until its absolute deadline. */
  add(userId: string, handle: string, until: number): Promise<void> {
    return this.#change(userId, (sessions) => {
      if (sessions[handle] === until) return false;
      sessions[handle] = until;
      return true;
    });
  }

  /** Never fails: a list that names too many sessions does no harm. */
  async remove(userId: string, handles: readonly string[]): Promise<void> {
    const removed = this.#change(userId, (sessions) => {
      const listed = handles.filter((handle) => handle in sessions);
      for (const handle of listed) delete sessions[handle];
      return listed.length > 0;
    });
    await removed.catch(() => {});
  }

  #change(userId: string, change: (sessions: Record<string, number>) => boolean): Promise<void> {
    const id = idOf(userId);
    return this.#turns.take(id, async () => {
      const sessions = await this.#load(id);
      if (!change(sessions)) return;
      const last = Math.max(0, ...Object.values(sessions)) - this.#backend.now();
      if (last > 0) await this.#backend.save(id, { sessions: { ...sessions } }, Math.ceil(last));
      else await this.#backend.save(id, {}, 0);
    });
  }

  /** Returns the listed sessions that are not past their deadline, in a new object without a prototype. */
  async #load(id: string): Promise<Record<string, number>> {
    const sessions: Record<string, number> = Object.create(null);
    const now = this.#backend.now();
    for (const [handle, until] of Object.entries((await this.#backend.load(id))?.sessions ?? {})) {
      if (typeof until === "number" && until > now) sessions[handle] = until;
    }
    return sessions;
  }
}

function idOf(userId: string): string {
  return `user_${hash("sha256", userId, "base64url")}`;
}
