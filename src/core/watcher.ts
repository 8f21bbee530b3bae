import type { EndNotice, Standing } from "../backends/backend.ts";
import { Asking } from "./asking.ts";
import { call, chain } from "./call.ts";
import { EndLine } from "./end-line.ts";
import { hundredths } from "./hundredths.ts";
import type { Engine } from "./live.ts";
import { type EndReason, endedBy, NEVER, tell, type Watch, WatchedSession, watchesOf } from "./watched.ts";

/** Hundredths of a second. All sessions are looked at this often, by one timer. */
const TICK = 25;
/** How often a session is asked for where no channel tells, and again while no answer comes. */
const INTERVAL = 75;
/** After this long without a look, the process itself has stood still, and answers may have come meanwhile. */
const STALL = 100;
/** For how long timer and channel outlast the last watch. */
const LINGER = 3000;

/**
 * Everything that is watched on one back-end: what the channel of the store tells ends it at once; deadlines that pass, sessions
 * of which nobody knows whether something was missed, and all of them where there is no channel, are asked for in batches.
 */
export class Watcher {
  readonly now: () => number;
  readonly #engine: Engine;
  readonly #byHandle = new Map<string, WatchedSession>();
  readonly #all: WatchedSession[] = [];
  readonly #asking: Asking;
  readonly #line: EndLine;
  #lease: number;
  #tickedAt = 0;
  #usedAt = 0;
  /** Until then, no lease runs out. */
  #spared = 0;
  #cancel: (() => void) | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.now = hundredths(engine.environment);
    this.#lease = engine.options.watchLease * 100;
    this.#asking = new Asking(engine, {
      now: this.now,
      answered: (asked, standings, at, round) => this.#answered(asked, standings, at, round),
    });
    this.#line = new EndLine(engine, { now: this.now, told: (notice) => this.told(notice) });
  }

  /** How many sessions are watched. */
  get size(): number {
    return this.#all.length;
  }

  /** The shortest lease of the engines on this back-end counts. */
  shorten(lease: number): void {
    this.#lease = Math.min(this.#lease, lease * 100);
  }

  /**
   * Watches the session of this handle, which had this epoch (-1: unknown) and this many seconds left; `idle` are the
   * seconds that it is prolonged by, 0 if it is not.
   */
  join(watch: Watch, handle: string, epoch: number, left: number, idle: number): void {
    const now = this.now();
    this.#start(now);
    let session = this.#byHandle.get(handle);
    // It has other rights than this request or that watch knew.
    if (session !== undefined && session.epoch >= 0 && epoch > session.epoch) {
      this.told({ handle, reason: "rights", epoch });
      session = this.#byHandle.get(handle);
    }
    if (session === undefined) {
      session = new WatchedSession(this, handle, epoch, now, this.#after(now, left));
      this.#byHandle.set(session.handle, session);
      session.at = this.#all.push(session) - 1;
    }
    if (session.epoch < 0) session.learn(epoch, now);
    if (idle > 0) {
      session.idle = Math.max(session.idle, Math.floor(idle * 100));
      session.touchAt = Math.max(now, session.deadline - Math.floor(session.idle / 2));
    }
    watch.session = session;
    watch.next = session.first;
    session.first = watch;
    if (epoch >= 0 && epoch < session.epoch) this.#end([watch], "rights");
  }

  /** Ends a watch without telling. */
  leave(watch: Watch): void {
    const { session } = watch;
    watch.session = undefined;
    if (session === undefined) return;
    if (session.first === watch) session.first = watch.next;
    for (let each = session.first; each !== undefined; each = each.next)
      if (each.next === watch) each.next = watch.next;
    watch.next = undefined;
    if (session.first !== undefined) return;
    this.#byHandle.delete(session.handle);
    const last = this.#all.pop()!;
    if (last !== session) {
      this.#all[session.at] = last;
      last.at = session.at;
    }
    session.at = -1;
    this.#usedAt = this.now();
  }

  /** Takes what a channel, or this process, tells. */
  told(notice: EndNotice): void {
    const session = this.#byHandle.get(notice.handle);
    if (session === undefined) return;
    if (notice.reason !== "rights") {
      this.#end(endedBy(session, notice.reason), notice.reason);
      return;
    }
    if (notice.epoch <= session.epoch) return;
    const ended = endedBy(session, "rights");
    if (session.epoch < 0) session.learn(notice.epoch, this.now());
    else this.#end(ended, "rights");
  }

  /** The session has these rights, as the request itself has made them that goes along with this watch. */
  agree(watch: Watch, epoch: number): void {
    if (watch.session !== undefined && epoch > watch.session.epoch) watch.session.learn(epoch, this.now());
  }

  /** Asks for the session of this watch as soon as possible. */
  doubt({ session }: Watch): void {
    if (session === undefined) return;
    session.round = -1;
    session.askedAt = -1000;
  }

  /** Ends a watch, and tells. */
  end(watch: Watch, reason: EndReason): void {
    this.#end([watch], reason);
  }

  /** Stops the timer and closes the channel; nothing that is watched is told of any more. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#line.close();
  }

  #start(now: number): void {
    this.#usedAt = now;
    if (this.#cancel !== undefined) return;
    this.#tickedAt = now;
    this.#spared = 0;
    this.#line.open();
    this.#wait();
  }

  #wait(): void {
    this.#cancel = this.#engine.environment.timer(TICK / 100, () => this.#tick(), true);
  }

  #tick(): void {
    const now = this.now();
    if (this.#all.length === 0 && now - this.#usedAt > LINGER) {
      this.close();
      return;
    }
    this.#wait();
    if (now - this.#tickedAt > STALL) this.#spared = now + 2 * TICK;
    this.#tickedAt = now;
    this.#line.tick(now);
    const { round, isOpen, heardAt, before, mayMiss } = this.#line;
    const due: WatchedSession[] = [];
    const over: WatchedSession[] = [];
    for (const session of this.#all) {
      const isSynced = isOpen && session.round === round;
      // Until a channel was lost, it was word enough; about a deadline that has passed it says nothing.
      if (isSynced && !mayMiss)
        session.seenAt = Math.max(session.seenAt, Math.min(heardAt, session.deadline));
      else if (session.round === before.round)
        session.seenAt = Math.max(session.seenAt, Math.min(before.heardAt, session.deadline));
      // Where something may be missed, only an answer counts, and there is one twice in each lease.
      const isTold = isSynced && (!mayMiss || now - session.seenAt < this.#lease / 2);
      if (now - session.seenAt > this.#lease && now >= this.#spared) over.push(session);
      else if (isTold && session.deadline > now) {
        if (session.touchAt <= now) due.push(session);
      } else if (now - session.askedAt >= INTERVAL) due.push(session);
    }
    for (const session of over) this.#end(watchesOf(session), "unreachable");
    if (due.length > 0) this.#ask(due, now, isOpen ? round : -1);
  }

  #ask(due: readonly WatchedSession[], now: number, round: number): void {
    for (const session of due) if (session.touchAt <= now) this.#touch(session, now);
    this.#asking.ask(due, now, round);
  }

  /** Moves the deadline, and then asks how far it has moved. */
  #touch(session: WatchedSession, now: number): void {
    const asked = (): void => {
      session.askedAt = -1000;
      session.round = -1;
    };
    const failed = (): void => {
      session.touchAt = this.now() + INTERVAL;
    };
    session.touchAt = NEVER;
    session.askedAt = now;
    try {
      const done = chain(call(this.#engine, "touch", session.handle, session.idle / 100), asked);
      if (done instanceof Promise) done.catch(failed);
    } catch {
      failed();
    }
  }

  #answered(
    asked: readonly WatchedSession[],
    standings: readonly Standing[],
    at: number,
    round: number,
  ): void {
    const now = this.now();
    const found = new Map(standings.map((standing) => [standing.handle, standing]));
    for (const session of asked) {
      if (session.at < 0) continue;
      const standing = found.get(session.handle);
      if (standing === undefined) {
        const reason = now >= session.deadline ? "expired" : "revoked";
        this.#end(endedBy(session, reason), reason);
        continue;
      }
      session.seenAt = Math.max(session.seenAt, at);
      session.round = Math.max(session.round, round);
      session.deadline = this.#after(now, standing.left);
      // Where a channel tells, the next question is about the deadline.
      session.askedAt = Math.min(session.askedAt, session.deadline - INTERVAL);
      // The absolute deadline lets one that was touched just now and has less left move no more.
      if (session.idle > 0 && standing.left * 100 > 0.55 * session.idle)
        session.touchAt = session.deadline - Math.floor(session.idle / 2);
      // An epoch never goes down: this is another record with the same handle, or the store has lost what it had.
      const isOther = standing.epoch < session.epoch && at > session.learnedAt;
      this.told({ handle: session.handle, reason: "rights", epoch: isOther ? NEVER : standing.epoch });
    }
  }

  #after(now: number, seconds: number): number {
    return Math.ceil(Math.min(NEVER, now + seconds * 100));
  }

  #end(watches: readonly Watch[], reason: EndReason): void {
    for (const watch of watches) if (watch.session !== undefined) tell(watch, reason);
  }
}
