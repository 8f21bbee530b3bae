import type { Awaitable } from "../backends/backend.ts";
import type { HeldResponse } from "./_response.ts";

/** One use of sessions by a request, as the hold on its response sees it. */
export interface HeldVisit {
  readonly http2: boolean;
  /** Whether `addHeaders` has anything to add. */
  readonly owesHeaders: boolean;
  /** Saves before the head leaves. */
  commit(): Awaitable<unknown>;
  /** What an answer does instead that tells of a failure (500 and more). Default: nothing is saved. */
  commitFailed?(): Awaitable<unknown>;
  /** Saves what changed since the head left. */
  commitLate(): Awaitable<unknown>;
  /** Drops what was not saved. */
  discard(): void;
  /** Puts what the response owes into its head. */
  addHeaders(res: HeldResponse): void;
}

/**
 * Several sessions of one request. Each is saved by itself, in the order in which they were mounted; if one cannot be,
 * those after it are not.
 */
export class Visits implements HeldVisit {
  readonly all: readonly HeldVisit[];
  readonly http2: boolean;

  constructor(all: readonly HeldVisit[]) {
    this.all = all;
    this.http2 = all.some((visit) => visit.http2);
  }

  get owesHeaders(): boolean {
    return this.all.some((visit) => visit.owesHeaders);
  }

  commit(): Awaitable<unknown> {
    return oneByOne(this.all, 0, (visit) => visit.commit());
  }

  commitFailed(): Awaitable<unknown> {
    return oneByOne(this.all, 0, commitFailed);
  }

  commitLate(): Awaitable<unknown> {
    return oneByOne(this.all, 0, (visit) => visit.commitLate());
  }

  discard(): void {
    for (const visit of this.all) visit.discard();
  }

  addHeaders(res: HeldResponse): void {
    for (const visit of this.all) visit.addHeaders(res);
  }
}

/** Before the head of an answer leaves that tells of a failure. */
export function commitFailed(visit: HeldVisit): Awaitable<unknown> {
  return visit.commitFailed === undefined ? visit.discard() : visit.commitFailed();
}

function oneByOne(
  all: readonly HeldVisit[],
  index: number,
  save: (visit: HeldVisit) => Awaitable<unknown>,
): Awaitable<unknown> {
  for (let at = index; at < all.length; at++) {
    const saved = save(all[at]!);
    if (saved instanceof Promise) return saved.then(() => oneByOne(all, at + 1, save));
  }
  return undefined;
}
