import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import { DataError } from "../../errors.ts";
import { untilDone } from "../_attempts.ts";
import { Turns } from "../_fallback/turns.ts";
import type { CasStore } from "./store.ts";

/** Seconds in which a session that is listed and not found is taken for one that is just being stored. */
export const GRACE = 600;

/** How many sessions a list may name before it is looked which of them are gone. */
const FIRST_CHECK = 16;

interface List {
  /** When there are so many, those that are gone are dropped. */
  check: number;
  /** Until when each lives at most, and when it was listed; seconds. */
  sessions: Record<string, readonly [until: number, since: number]>;
}

/**
 * Which sessions a user has: one text for each user, under "user_" and the SHA-256 of the user's id. A session is
 * listed before it is stored, and dropped only when it is gone for good; so a list may name sessions that are gone or
 * somebody else's, and never misses one, as long as the store loses nothing.
 */
export class UserIndex<Mark> {
  readonly #store: CasStore<Mark>;
  readonly #now: () => number;
  readonly #turns: Turns = new Turns();

  constructor(store: CasStore<Mark>, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  async list(userId: string): Promise<string[]> {
    const found = await this.#store.get(keyOf(userId));
    if (found === undefined) return [];
    const now = this.#now();
    const sessions = Object.entries((JSON.parse(found.text) as List).sessions);
    return sessions.filter(([, [until]]) => until > now).map(([handle]) => handle);
  }

  /** Lists the session until its absolute deadline. Throws DataError `too_large` if the list would be. */
  add(userId: string, handle: string, until: number): Promise<void> {
    const key = keyOf(userId);
    return this.#turns.take(key, async () => {
      await untilDone(`the list of a user's sessions ${key}`, async () => {
        const found = await this.#store.get(key);
        const now = this.#now();
        const list: List = found === undefined ? { check: 0, sessions: {} } : JSON.parse(found.text);
        if ((list.sessions[handle]?.[0] ?? 0) >= until) return true;
        await this.#tidy(list, now, list.check);
        list.sessions[handle] = [Math.ceil(until), Math.floor(now)];
        // It may be full of what was revoked long before it has doubled.
        if (this.#isTooLarge(list)) await this.#tidy(list, now, 0);
        if (this.#isTooLarge(list)) throw tooMany(this.#store.maxBytes);
        const text = JSON.stringify(list);
        const left = Math.max(...Object.values(list.sessions).map(([last]) => last)) - now;
        if (found === undefined) return (await this.#store.add(key, text, left)) || undefined;
        return (await this.#store.replace(key, text, left, found.mark)) === "stored" || undefined;
      });
    });
  }

  #isTooLarge(list: List): boolean {
    return Buffer.byteLength(JSON.stringify(list)) > this.#store.maxBytes;
  }

  /** Drops what is past its deadline; and if it then still names `check` sessions, what is no longer there. */
  async #tidy(list: List, now: number, check: number): Promise<void> {
    const { sessions } = list;
    for (const [handle, [until]] of Object.entries(sessions)) if (until <= now) delete sessions[handle];
    if (Object.keys(sessions).length < Math.max(check, FIRST_CHECK)) return;
    const settled = Object.keys(sessions).filter((handle) => sessions[handle]![1] < now - GRACE);
    // What cannot be looked up now stays listed.
    const found = await Promise.allSettled(settled.map((handle) => this.#store.get(handle)));
    for (const [index, handle] of settled.entries()) {
      const answer = found[index];
      if (answer?.status === "fulfilled" && answer.value === undefined) delete sessions[handle];
    }
    list.check = 2 * Object.keys(sessions).length;
  }
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
