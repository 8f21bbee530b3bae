import type { Awaitable } from "../../backends/backend.ts";
import type { Chance } from "./chance.ts";
import type { Journal } from "./journal.ts";
import type { Kind } from "./place.ts";
import type { Weather } from "./plan.ts";
import type { Schedule } from "./schedule.ts";

/** Who calls: one run of a server, from its start to its crash. */
export interface Caller {
  readonly server: number;
  isAlive: boolean;
  /** Until then it stands still. */
  stalledUntil: number;
}

/** How long a client waits before it sends something again, in seconds. */
const RESEND = 0.3;

/** What is between the servers and their store, and the store's own health. */
export class Network {
  /** Servers that do not reach the store. */
  readonly cut: Set<number> = new Set();
  isDown = false;
  isFull = false;
  /** When clients sent writes again that had been carried out. */
  readonly repeats: number[] = [];
  readonly #schedule: Schedule;
  readonly #chance: Chance;
  readonly #journal: Journal;
  #weather: Weather;

  constructor(schedule: Schedule, chance: Chance, journal: Journal, weather: Weather) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.#journal = journal;
    this.#weather = weather;
  }

  /** From now on it works as it should. */
  heal(): void {
    this.#weather = { ...this.#weather, lost: 0, unanswered: 0, late: 0 };
    this.cut.clear();
    this.isDown = false;
    this.isFull = false;
  }

  /** See `Place.call`. */
  call<T>(caller: Caller, name: string, step: () => Awaitable<T>, kind: Kind, again: boolean): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { lost, unanswered } = this.#weather;
    const { server } = caller;
    const settle = (after: number, what: () => void): void =>
      void this.#schedule.after(after, () => this.wake(caller, what));
    /** The client notices, or it does not, and the call hangs until its deadline. */
    const fail = (why: string): void => {
      if (this.#chance.maybe(0.6)) settle(this.#way(), () => reject(new Error(why)));
    };
    const resend = (why: string, isDone = false): void => {
      const sendAgain = (): void => {
        if (isDone && kind !== "read") this.repeats.push(this.#schedule.now);
        this.call(caller, name, step, kind, true).then(resolve, reject);
      };
      if (again) settle(RESEND, sendAgain);
      else fail(why);
    };
    const isLost = this.#chance.maybe(lost);
    this.#schedule.after(this.#way(), () => {
      if (this.cut.has(server) || isLost) {
        this.#journal.say(`${name} of server ${server} does not reach the store`);
        return resend("the connection is broken");
      }
      if (this.isDown) {
        this.#journal.say(`${name} of server ${server} finds the store down`);
        return resend("the store is down");
      }
      if (this.isFull && kind === "write") {
        this.#journal.say(`${name} of server ${server} finds the store full`);
        return settle(this.#way(), () => reject(new Error("the store is full")));
      }
      const isUnanswered = this.#chance.maybe(unanswered);
      const answer = (value: T): void => {
        this.#journal.say(`${name} of server ${server}: ${told(value)}`);
        const lose = (): void => {
          this.#journal.say(`the answer to ${name} is lost`);
          resend("the connection was lost", true);
        };
        if (isUnanswered) lose();
        else
          this.#schedule.after(this.#way(), () => {
            if (this.cut.has(server)) lose();
            else this.wake(caller, () => resolve(value));
          });
      };
      const refuse = (error: unknown): void => settle(this.#way(), () => reject(error));
      try {
        const value = step();
        if (value instanceof Promise) value.then(answer, refuse);
        else answer(value);
      } catch (error) {
        refuse(error);
      }
    });
    return promise;
  }

  /** See `Place.hear`. */
  hear(caller: Caller, tell: () => void, lost?: () => void): void {
    if (this.isDown || this.cut.has(caller.server) || this.#chance.maybe(this.#weather.lost)) {
      lost?.();
      return;
    }
    this.#schedule.after(this.#way(), () => {
      if (this.cut.has(caller.server)) lost?.();
      else this.wake(caller, tell);
    });
  }

  /** Lets a server do something: not at all once it has crashed, and later if it stands still. */
  wake(caller: Caller, what: () => void): void {
    const { isAlive, stalledUntil } = caller;
    if (!isAlive) return;
    const { now } = this.#schedule;
    if (stalledUntil <= now) what();
    else this.#schedule.after(stalledUntil - now, () => this.wake(caller, what));
  }

  /** How long one way takes: now and then very long, so that what is sent later arrives before. */
  #way(): number {
    const { latency, late } = this.#weather;
    if (this.#chance.maybe(late)) return this.#chance.between(0.5, 8);
    return latency * (0.2 + 2 * this.#chance.next());
  }
}

/** What an answer is, in few words. */
function told(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) return `${value.length} found`;
  if ("version" in value) return `version ${String(value.version)}`;
  return "found";
}
