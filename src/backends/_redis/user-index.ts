import { hash } from "node:crypto";
import { type Run, textOf } from "./client.ts";
import { SESSION } from "./session-scripts.ts";
import { USER } from "./user-scripts.ts";

/** A session that the index names, and when the index was last told of it, as the server writes that. */
export interface Entry {
  readonly handle: string;
  readonly told: string;
  /** Told so long ago that a sign-in which belongs to it has been stored by now, or never will be. */
  readonly settled: boolean;
}

/**
 * Seconds after which an entry without a live session may be removed. A sign-in is refused 30 seconds after the index
 * was told of it, so between the two a difference of 30 seconds between the clocks of two nodes is allowed for.
 */
const SETTLED = 60;

/** Seconds for which a list outlives the last of its sessions. */
const MARGIN = 120;

/** How many sessions are asked for at once. */
const BATCH = 500;

/**
 * Which sessions a user may have. It is told of a session before that is stored, so it misses none; what it names is
 * asked for one by one. Whatever it names in vain is removed by whoever notices, and each `add` looks at two others.
 */
export class UserIndex {
  readonly #run: Run;
  readonly #prefix: string;

  constructor(run: Run, prefix: string) {
    this.#run = run;
    this.#prefix = prefix;
  }

  /** Tells it of a session that may live for so many seconds. Answers the time of the node that keeps the index. */
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

  /** Removes these, unless it was told of them again since. Nobody waits for it: what stays does no harm. */
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
   * Removes a session that has ended at this time of its node. Not if it was told of it a moment ago: a client that has
   * lost the answer to a sign-in sends it again, and what is then stored must be found.
   */
  forgetEnded(userId: string, handle: string, now: string): void {
    this.forget(userId, [{ handle, told: String(Number(now) - SETTLED) }]);
  }

  /** Does something that nobody waits for, and that may fail. */
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
    // As JSON, since a hash of the text itself takes all unpaired surrogates for the same.
    return `${this.#prefix}user:${hash("sha256", JSON.stringify(userId), "base64url")}`;
  }
}

/** Asks for each, some hundred at a time. */
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
