import type { Awaitable, SessionData } from "../backends/backend.ts";
import type { Sessions } from "../core/sessions.ts";
import { isSame } from "./_use.ts";
import type { WebVisit } from "./_web-visit.ts";

/**
 * All sessions of one request. Each is saved by itself, in the order in which they were mounted; if one cannot be, those
 * after it are not.
 */
export class WebVisits {
  readonly all: WebVisit[] = [];

  /** The one that is found under this name. */
  find(as: string): WebVisit | undefined {
    for (const visit of this.all) if (visit.as === as) return visit;
    return undefined;
  }

  /** Whether these sessions have this place already. Throws ConfigError if others have it, its cookie or its header. */
  has(sessions: Sessions<SessionData>, as: string): boolean {
    return this.all.some((other) => isSame(other, { sessions, as }));
  }

  /** Saves now what has changed until now; answers a promise only if there is something to save. */
  save(): Promise<unknown> | undefined {
    return oneByOne(this.all, 0, (visit) => visit.save());
  }

  /** Saves before the head leaves; answers a promise only if a back-end does. */
  commit(): Promise<unknown> | undefined {
    return oneByOne(this.all, 0, (visit) => visit.commit());
  }

  /** Saves what changed since the head left. */
  commitLate(): Awaitable<unknown> {
    return oneByOne(this.all, 0, (visit) => visit.commitLate());
  }

  /** Drops what was not saved. */
  discard(): void {
    for (const visit of this.all) visit.discard();
  }

  /** Whether a body can change a session while it streams. */
  get watchBody(): boolean {
    return this.all.some((visit) => !visit.skipped);
  }

  get owesCookie(): boolean {
    return this.all.some((visit) => visit.owesCookie);
  }

  get owesHeaders(): boolean {
    return this.all.some((visit) => visit.owesHeaders);
  }

  /** Puts what the response owes into its headers. Throws TypeError if it must change what cannot be changed. */
  addHeaders(headers: Pick<Headers, "get" | "set" | "append">): void {
    for (const visit of this.all) visit.addHeaders(headers);
  }
}

function oneByOne(
  all: readonly WebVisit[],
  index: number,
  save: (visit: WebVisit) => Awaitable<unknown>,
): Promise<unknown> | undefined {
  for (let at = index; at < all.length; at++) {
    const saved = save(all[at]!);
    if (saved instanceof Promise) return saved.then(() => oneByOne(all, at + 1, save));
  }
  return undefined;
}
