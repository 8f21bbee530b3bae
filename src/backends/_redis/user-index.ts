import { hash } from "node:crypto";
import { type Run, textOf } from "./client.ts";
import { Eviction } from "./eviction.ts";
import { SESSION } from "./session-scripts.ts";
import { stringIn } from "./text.ts";
import { USER } from "./user-scripts.ts";

/** A session that the index names, and when the index was last told of it, as a text of the server. */
export interface Entry {
  readonly handle: string;
  readonly told: string;
  /** Told so long ago that its sign-in has been stored by now, or never will be. */
  readonly settled: boolean;
}

/**
 * Seconds after which an entry without a live session may be removed. A sign-in is refused 30 seconds after the index
 * was told of it, so the clocks of two nodes may differ by 30 seconds.
 */
const SETTLED = 60;

/** Seconds by which the clocks of two nodes may differ. */
const SKEW = 30;

/** How many sessions are read at once. */
export const BATCH = 500;

/**
 * Returns for how many seconds the index is told of a session: for twice its idle timeout, so that it need not be told of
 * each use. The scripts tell it again after half of that timeout; see `CONFIRM`.
 */
export function lifetime(idle: number, absolute: number): number {
  return Math.min(absolute, 2 * idle);
}

/**
 * The sessions that a user may have. The index is told of a session before that is stored, so it misses none; the sessions
 * that it names are read one by one. Dead ones are removed when they are found: each `add` and each logout looks at two others.
 */
export class UserIndex {
  readonly #run: Run;
  readonly #prefix: string;
  readonly #eviction: Eviction;

  constructor(run: Run, prefix: string) {
    this.#run = run;
    this.#prefix = prefix;
    this.#eviction = new Eviction(run);
  }

  /** Adds a session that may live for this many seconds. Returns the time of the index's node. */
  async add(userId: string, handle: string, seconds: number): Promise<string> {
    const args = [handle, String(seconds)];
    const key = this.#keyOf(userId);
    const { now, entries } = await this.#run(USER.add, key, args, entriesOf);
    this.#later(() => this.#eviction.warnOnce(key));
    this.#later(() => this.#inspect(userId, handle, entries));
    return now;
  }

  async list(userId: string): Promise<Entry[]> {
    return (await this.#run(USER.list, this.#keyOf(userId), [], entriesOf)).entries;
  }

  /** Throws BackendError if the server may have evicted a list, or part of one that was rebuilt since. */
  refuseEviction(userId: string): Promise<void> {
    return this.#eviction.refuse(this.#keyOf(userId), "revokeUser");
  }

  /** Returns the result in an answer that asks to tell the index again, and does so. */
  confirm(handle: string, answer: string): number {
    const [code, seconds, ...user] = answer.split(" ");
    const userId = stringIn(user.join(" "));
    if (userId !== undefined) this.#later(() => this.add(userId, handle, Number(seconds)));
    return Number(code);
  }

  /**
   * Removes those of these that are settled, unless the index was told of them again since, and marks the others as ended:
   * they had at most these seconds left. Not awaited, because what stays does no harm.
   */
  forget(userId: string, entries: readonly Entry[], left = 0): void {
    if (entries.length === 0) return;
    this.#later(() => this.#forget(userId, entries, left));
  }

  /**
   * Removes a session that ended at this time of its node. Only marks it if the index was told of it a moment ago: a client
   * that lost the reply to a sign-in sends it again, and what is then stored must be found. It lives no longer than the
   * ended one would have, which had these seconds left.
   */
  forgetEnded(userId: string, handle: string, now: string, left: string): void {
    const args = [left, handle, String(Number(now) - SETTLED), String(Number(now) + SKEW)];
    this.#later(async () => {
      const { entries } = await this.#run(USER.forget, this.#keyOf(userId), args, entriesOf);
      await this.#inspect(userId, handle, entries);
    });
  }

  /** Does something that is not awaited and may fail. */
  #later(work: () => Promise<unknown>): void {
    void new Promise((resolve) => resolve(work())).catch(ignore);
  }

  /** Forgets those of these entries that are dead, but never the one of this handle. */
  async #inspect(userId: string, handle: string, entries: readonly Entry[]): Promise<void> {
    const others = entries.filter((entry) => entry.settled && entry.handle !== handle);
    const dead = await inBatches(others, async (entry) => {
      const args = [JSON.stringify(userId)];
      return (await this.#run(SESSION.owned, this.#prefix + entry.handle, args, Number)) === 0;
    });
    await this.#forget(
      userId,
      others.filter((_, n) => dead[n]),
      0,
    );
  }

  async #forget(userId: string, entries: readonly Entry[], left: number): Promise<void> {
    for (let at = 0; at < entries.length; at += BATCH) {
      const ends = entries
        .slice(at, at + BATCH)
        .flatMap(({ handle, told, settled }) => [handle, settled ? told : "0", told]);
      await this.#run(USER.forget, this.#keyOf(userId), [String(left), ...ends], ignore);
    }
  }

  #keyOf(userId: string): string {
    // As JSON, because a hash of the text itself would be the same for all unpaired surrogates.
    return `${this.#prefix}user:${hash("sha256", JSON.stringify(userId), "base64url")}`;
  }
}

/** Calls `ask` for each item, some hundred at a time. */
export async function inBatches<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let at = 0; at < items.length; at += BATCH) {
    answers.push(...(await Promise.all(items.slice(at, at + BATCH).map(ask))));
  }
  return answers;
}

function entriesOf(reply: unknown): { now: string; entries: Entry[] } {
  const [now = "", ...fields] = (reply as unknown[]).map(textOf);
  const entries: Entry[] = [];
  for (let n = 0; n < fields.length; n += 2) {
    const handle = fields[n]!;
    const told = fields[n + 1]!.replace("-", "");
    if (handle !== "") entries.push({ handle, told, settled: Number(now) - Number(told) >= SETTLED });
  }
  return { now, entries };
}

function ignore(): void {}
