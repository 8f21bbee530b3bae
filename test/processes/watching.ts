import { login, type Sessions } from "micropie";
import type { Child } from "./child.ts";
import { cookieOf, handleOf } from "./rounds.ts";

/** What a process has heard of a session that it watches, on a clock that all processes share. */
export interface Ended {
  readonly handle: string;
  readonly reason: string;
  /** Milliseconds. */
  readonly at: number;
}

/** The ways in which `end` of server.ts ends a session, and what watchers may be told; a store that is asked knows no logout. */
export const WAYS = [["logged_out", "revoked"], ["revoked"], ["revoked"], ["rights"]] as const;

/**
 * Ends so many sessions that every process watches, each in one process and one way after the other. Returns how many milliseconds
 * after the acknowledgment each process heard of each. Throws if one hears nothing within `patience` milliseconds, hears
 * another reason, or hears of a session that lives.
 */
export async function watchRound(
  sessions: Sessions,
  children: readonly Child[],
  count: number,
  patience = 20_000,
): Promise<number[]> {
  const cookies: string[] = [];
  for (let n = 0; n <= count; n++) {
    const session = await sessions.load(undefined);
    session.visits = n;
    login(session, `watched ${n}`);
    cookies.push(cookieOf(await sessions.commit(session)));
  }
  await Promise.all(children.map((child) => child.run("watch", cookies)));
  // Far enough that each process has a channel, if there are any; those that have none yet must hear all the same.
  const acknowledged = new Map<string, { ended: number; way: number }>();
  for (let n = 0; n < count; n++) {
    const way = n % WAYS.length;
    const { ended } = (await children[(n >> 2) % children.length]!.run("end", cookies[n]!, way)) as {
      ended: number;
    };
    acknowledged.set(handleOf(cookies[n]!), { ended, way });
  }
  const late: number[] = [];
  for (const child of children) {
    const deadline = performance.now() + patience;
    let heard: Ended[] = [];
    while (heard.length < count) {
      if (performance.now() > deadline)
        throw new Error(`A process heard of ${heard.length} ends of ${count}.`);
      await new Promise((resolve) => setTimeout(resolve, 10));
      heard = (await child.run("ends")) as Ended[];
    }
    for (const { handle, reason, at } of heard) {
      const { ended, way } = acknowledged.get(handle) ?? { ended: at, way: -1 };
      if (!(WAYS[way] as readonly string[] | undefined)?.includes(reason))
        throw new Error(`A process heard ${reason} of a session that ended in way ${way}.`);
      // The process that ends it may hear of it before whoever asked for that.
      late.push(Math.max(0, at - ended));
    }
  }
  return late.sort((one, other) => one - other);
}
