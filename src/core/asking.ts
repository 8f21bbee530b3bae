import type { Awaitable, Standing } from "../backends/backend.ts";
import { call, chain } from "./call.ts";
import type { Engine } from "./live.ts";
import type { WatchedSession } from "./watched.ts";

/** How many sessions are asked for at once; see `standings`. */
const BATCH = 500;
/** How many questions wait for their answers at once. */
const AT_ONCE = 4;
/** Hundredths of a second after which nobody waits any more for an answer to ask the next question. */
const PATIENCE = 100;

interface Whoever {
  now(): number;
  /** Called with what was asked for at this time, in this round, and with those that live. */
  answered(asked: readonly WatchedSession[], standings: readonly Standing[], at: number, round: number): void;
}

/** Asks the store for watched sessions in batches, a few at a time, with room for other work in between. */
export class Asking {
  readonly #engine: Engine;
  readonly #whoever: Whoever;
  #queue: { readonly sessions: readonly WatchedSession[]; readonly round: number }[] = [];
  /** When the questions were asked that have no answer yet. */
  readonly #open = new Set<{ readonly at: number }>();

  constructor(engine: Engine, whoever: Whoever) {
    this.#engine = engine;
    this.#whoever = whoever;
  }

  ask(sessions: readonly WatchedSession[], now: number, round: number): void {
    // What is still in line would be asked for twice.
    if (this.#queue.length === 0) {
      for (let from = 0; from < sessions.length; from += BATCH)
        this.#queue.push({ sessions: sessions.slice(from, from + BATCH), round });
      for (const session of sessions) session.askedAt = now;
    }
    this.#next(now);
  }

  #next(now: number): void {
    for (const question of this.#open) if (now - question.at > PATIENCE) this.#open.delete(question);
    while (this.#open.size < AT_ONCE) {
      const batch = this.#queue.shift();
      if (batch === undefined) return;
      const question = { at: now };
      this.#open.add(question);
      const done = (): void => {
        this.#open.delete(question);
        // Later, because a store that answers at once would hold the event loop for all of them.
        if (this.#queue.length > 0)
          this.#engine.environment.timer(0, () => this.#next(this.#whoever.now()), true);
      };
      this.#send(batch.sessions, now, batch.round, done);
    }
  }

  #send(sessions: readonly WatchedSession[], at: number, round: number, done: () => void): void {
    const asked = sessions.filter((session) => session.at >= 0);
    if (asked.length === 0) {
      done();
      return;
    }
    const handles = asked.map(({ handle }) => handle);
    try {
      const answer: Awaitable<void> = chain(call(this.#engine, "standings", handles), (standings) =>
        this.#whoever.answered(asked, standings, at, round),
      );
      // An event tells of a failure; they are asked for again.
      if (answer instanceof Promise) answer.then(done, done);
      else done();
    } catch {
      done();
    }
  }
}
