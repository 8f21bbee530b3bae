import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import type { Environment } from "../../environment.ts";
import { DataError } from "../../errors.ts";
import type { Awaitable } from "../../record/contract.ts";
import { objectIn } from "../../record/data.ts";
import { untilDone } from "../_attempts.ts";
import { Turns } from "../_turns.ts";

/** Seconds for which a session that is listed and not found may still be on its way to the store. */
export const GRACE = 600;

/** How many sessions a list may name before the ones that are gone are looked for. */
const FIRST_CHECK = 16;

/** What the index needs of a `CasSessionBackend`. */
interface Store<Mark> {
  readonly environment: Environment;
  readonly maxBytes: number;
  now(): number;
  get(key: string): Awaitable<{ readonly text: string; readonly mark: Mark } | undefined>;
  add(key: string, text: string, seconds: number): Awaitable<boolean>;
  replace(key: string, text: string, seconds: number, mark: Mark): Awaitable<boolean>;
}

interface List {
  /** At how many sessions those that are gone are dropped. */
  check: number;
  /** Seconds: until when each lives at most, and when it was listed. */
  sessions: Record<string, readonly [until: number, since: number]>;
}

/**
 * The list of each user's sessions: one text per user, under "user_" and the SHA-256 of the user's id. A session is
 * listed before it is stored, and dropped only when it is gone for good. So a list may name sessions that are gone or
 * another user's, but never misses one, as long as the store loses nothing.
 */
export class UserIndex<Mark> {
  readonly #store: Store<Mark>;
  readonly #turns: Turns;

  constructor(store: Store<Mark>) {
    this.#store = store;
    this.#turns = new Turns(store);
  }

  async list(userId: string): Promise<string[]> {
    const found = await this.#store.get(keyOf(userId));
    if (found === undefined) return [];
    const now = this.#store.now();
    const list = listIn(found.text);
    // Whoever ends all of a user's sessions must not be told that there are none.
    if (list === undefined) throw new Error(`the list of a user's sessions ${keyOf(userId)} is damaged`);
    const sessions = Object.entries(list.sessions);
    return sessions.filter(([, [until]]) => until > now).map(([handle]) => handle);
  }

  /** Lists the session until its absolute deadline. Throws DataError `too_large` if the list would be. */
  add(userId: string, handle: string, until: number): Promise<void> {
    const key = keyOf(userId);
    const store = this.#store;
    return this.#turns.take(key, async () => {
      await untilDone(store.environment, `the list of a user's sessions ${key}`, async () => {
        const found = await store.get(key);
        const now = store.now();
        // A damaged one is replaced, or its user could never sign in again.
        const list: List = (found && listIn(found.text)) ?? { check: 0, sessions: {} };
        if ((list.sessions[handle]?.[0] ?? 0) >= until) return true;
        await this.#tidy(list, now, list.check);
        list.sessions[handle] = [Math.ceil(until), Math.floor(now)];
        // It may be full of sessions that were revoked long before it has doubled.
        if (this.#isTooLarge(list)) await this.#tidy(list, now, 0);
        if (this.#isTooLarge(list)) throw tooMany(store.maxBytes);
        const text = JSON.stringify(list);
        const left = Math.max(...Object.values(list.sessions).map(([last]) => last)) - now;
        if (found === undefined) return (await store.add(key, text, left)) || undefined;
        return (await store.replace(key, text, left, found.mark)) || undefined;
      });
    });
  }

  #isTooLarge(list: List): boolean {
    return Buffer.byteLength(JSON.stringify(list)) > this.#store.maxBytes;
  }

  /** Drops the sessions that are past their deadline; if `check` are left, also those that are no longer stored. */
  async #tidy(list: List, now: number, check: number): Promise<void> {
    const { sessions } = list;
    for (const [handle, [until]] of Object.entries(sessions)) if (until <= now) delete sessions[handle];
    if (Object.keys(sessions).length < Math.max(check, FIRST_CHECK)) return;
    const settled = Object.keys(sessions).filter((handle) => sessions[handle]![1] < now - GRACE);
    // What cannot be looked up now stays listed.
    const found = await Promise.allSettled(settled.map(async (handle) => this.#store.get(handle)));
    for (const [index, handle] of settled.entries()) {
      const answer = found[index];
      if (answer?.status === "fulfilled" && answer.value === undefined) delete sessions[handle];
    }
    list.check = 2 * Object.keys(sessions).length;
  }
}

function listIn(text: string): List | undefined {
  const list: Partial<List> | undefined = objectIn(text);
  return typeof list?.sessions === "object" && list.sessions !== null ? (list as List) : undefined;
}

function keyOf(userId: string): string {
  return `user_${hash("sha256", userId, "base64url")}`;
}

function tooMany(maxBytes: number): DataError {
  return new DataError(
    "too_large",
    "",
    `The list of a user's sessions would have more than ${maxBytes} bytes. Revoke some; those leave it within ten minutes.`,
  );
}
