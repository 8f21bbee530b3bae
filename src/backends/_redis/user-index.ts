import { hash } from "node:crypto";
import { type Run, textOf } from "./client.ts";
import { SESSION } from "./session-scripts.ts";
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

/** Seconds for which a list outlives the last of its sessions. */
const MARGIN = 120;

/** How many sessions are read at once. */
const BATCH = 500;

/**
 * The sessions that a user may have. The index is told of a session before that is stored, so it misses none; the sessions
 * that it names are read one by one. Dead ones are removed when they are found, and each `add` looks at two others.
 */
export class UserIndex {
  readonly #run: Run;
  readonly #prefix: string;

  constructor(run: Run, prefix: string) {
    this.#run = run;
    this.#prefix = prefix;
  }

  /** Adds a session that may live for this many seconds. Returns the time of the index's node. */
  async add(userId: string, handle: string, seconds: number): Promise<string> {
    const args = [handle, String(seconds + MARGIN)];
    const { now, entries } = await this.#run(USER.add, this.#keyOf(userId), args, entriesOf);
    const others = entries.filter((entry) => entry.settled && entry.handle !== handle);
    if (others.length > 0) this.later(() => this.#inspect(userId, others));
    return now;
  }

  async list(userId: string): Promise<Entry[]> {
    return (await this.#run(USER.list, this.#keyOf(userId), [], entriesOf)).entries;
  }

  /** Removes these, unless the index was told of them again since. Not awaited, because what stays does no harm. */
  forget(userId: string, entries: readonly { handle: string; told: string }[]): void {
    if (entries.length === 0) return;
    const args = entries.flatMap(({ handle, told }) => [handle, told]);
    this.later(async () => {
      for (let at = 0; at < args.length; at += BATCH) {
        await this.#run(USER.forget, this.#keyOf(userId), args.slice(at, at + BATCH), ignore);
      }
    });
  }

  /**
   * Removes a session that ended at this time of its node. Not if the index was told of it a moment ago: a client that
   * lost the reply to a sign-in sends it again, and what is then stored must be found.
   */
  forgetEnded(userId: string, handle: string, now: string): void {
    this.forget(userId, [{ handle, told: String(Number(now) - SETTLED) }]);
  }

  /** Does something that is not awaited and may fail. */
  later(work: () => Promise<unknown>): void {
    void new Promise((resolve) => resolve(work())).catch(ignore);
  }

  async #inspect(userId: string, entries: readonly Entry[]): Promise<void> {
    const dead = await inBatches(entries, (entry) =>
      this.#run(SESSION.owned, this.#prefix + entry.handle, [JSON.stringify(userId)], (owned) =>
        Number(owned) === 0 ? entry : undefined,
      ),
    );
    this.forget(
      userId,
      dead.filter((entry) => entry !== undefined),
    );
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
    const told = fields[n + 1]!;
    entries.push({ handle: fields[n]!, told, settled: Number(now) - Number(told) >= SETTLED });
  }
  return { now, entries };
}

function ignore(): void {}
