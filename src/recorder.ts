import { ENDS, type RecordedEvent, readEvent, recorded } from "./_recorder/event.ts";
import type { EventStore } from "./_recorder/event-store.ts";
import { type Explanation, explanationOf } from "./_recorder/explanation.ts";
import { KnownSessions } from "./_recorder/known.ts";
import { Ring } from "./_recorder/ring.ts";
import { call } from "./core/call.ts";
import { engineOf } from "./core/engine-of.ts";
import { EVENT_NAMES, listen, type SessionEventName, type SessionEvents } from "./core/events.ts";
import type { Engine } from "./core/live.ts";
import { observe } from "./core/observed.ts";
import type { Sessions } from "./core/sessions.ts";
import { isHandle } from "./core/token.ts";
import { chosen, type Which } from "./core/which.ts";
import { ConfigError } from "./errors.ts";
import { refuseUnknown } from "./option-names.ts";

export type { EndCause } from "./_recorder/end.ts";
export type { RecordedEvent } from "./_recorder/event.ts";
export { type EventStore, type EventStoreOptions, eventStore } from "./_recorder/event-store.ts";
export type { Explanation, Sentence } from "./_recorder/explanation.ts";

/** How much is remembered, and where. */
export interface RecorderOptions {
  /**
   * How many events of signed-in users this process remembers, and as many of others. The oldest go first. Default 10,000, which
   * takes about 5 MB.
   */
  readonly events?: number | undefined;
  /** Where the last events of each user are kept for other processes and later: `eventStore(backend)`. Default: nowhere. */
  readonly store?: EventStore | undefined;
}

/** Remembers what happened to sessions. `using`, or dispose, ends it. */
export interface Recorder extends Disposable {
  /**
   * Tells what became of a session, in sentences: when it was created, who signed in with what, when it was last seen, why it
   * ended; and of a live one what its record says. No deadline moves.
   * Throws TypeError for anything that is no handle, BackendError.
   */
  explain(handle: string): Promise<Explanation>;
  /** Returns the events of a session, or of a user, oldest first. Throws as `explain` does. */
  events(which: Which): Promise<RecordedEvent[]>;
  /** Resolves when everything until now is in the `store`, or could not be put there. */
  flush(): Promise<void>;
}

/**
 * Remembers the events of these sessions from now on, in a bounded memory of this process, to answer "why was I logged out?".
 * It makes no call of the back-end until it is asked. Throws ConfigError.
 *
 * @example
 * const recorder = recordEvents(sessions);
 * console.log((await recorder.explain(handle)).text);
 */
export function recordEvents<T extends object>(
  sessions: Sessions<T>,
  options: RecorderOptions = {},
): Recorder {
  refuseUnknown(options, ["events", "store"]);
  const { events = 10_000, store } = options;
  if (!Number.isInteger(events) || events < 1)
    throw new ConfigError("events", "Pass a whole number from 1 on.");
  if (store !== undefined && (typeof store?.append !== "function" || typeof store.read !== "function"))
    throw new ConfigError("store", "Pass eventStore(backend), or an object with append and read.");
  return new EventRecorder(engineOf(sessions), events, store);
}

/** Texts that wait for the store. More are dropped, so that a store that is down fills no memory. */
const MOST_WAITING = 1000;

class EventRecorder implements Recorder {
  readonly #engine: Engine;
  readonly #known: KnownSessions;
  /** Those of signed-in users are apart, so that no flood of strangers makes them forgotten. */
  readonly #signedIn: Ring<Heard>;
  readonly #others: Ring<Heard>;
  readonly #store: EventStore | undefined;
  readonly #since: number;
  readonly #stops: Disposable[];
  #nth = 0;
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(engine: Engine, most: number, store: EventStore | undefined) {
    this.#engine = engine;
    this.#store = store;
    this.#since = engine.backend.now();
    this.#signedIn = new Ring(most);
    this.#others = new Ring(most);
    this.#known = new KnownSessions(engine.backend, most);
    this.#stops = [
      observe(engine, this.#known),
      ...EVENT_NAMES.map((name) => listen(engine, name, (event) => this.#heard(name, event))),
    ];
  }

  [Symbol.dispose](): void {
    for (const stop of this.#stops.splice(0)) stop[Symbol.dispose]();
  }

  async explain(handle: string): Promise<Explanation> {
    // Not a word of what was given instead: it may be the cookie.
    if (typeof handle !== "string" || !isHandle(handle))
      throw new TypeError("explain: pass a handle, the 16 characters that lists, logs and events have.");
    const { asking } = this.#known;
    asking.add(handle);
    try {
      const record = await call(this.#engine, "read", handle);
      const events = await this.events({ handle });
      const { realm } = this.#engine.options;
      const now = this.#engine.backend.now();
      const known = this.#known.get(handle);
      const { backend } = this.#engine;
      return explanationOf({ handle, realm, backend, now, since: this.#since, record, events, known });
    } finally {
      asking.delete(handle);
    }
  }

  async events(which: Which): Promise<RecordedEvent[]> {
    const { handle, userId } = chosen("events", which);
    const isMeant = (event: RecordedEvent): boolean =>
      handle === undefined ? event.userId === userId : event.handle === handle;
    const stored = await this.#stored(handle, userId);
    const own = [this.#signedIn, this.#others].flatMap((ring) => ring.filter(({ event }) => isMeant(event)));
    const known = new Set(own.map(({ event }) => keyOf(event)));
    const others = stored.filter((event) => isMeant(event) && !known.has(keyOf(event)));
    return [...own, ...others.map((event) => ({ event, nth: undefined }))]
      .sort(inOrder)
      .map(({ event }) => event);
  }

  flush(): Promise<void> {
    return this.#writing;
  }

  #heard<Name extends SessionEventName>(name: Name, message: SessionEvents[Name]): void {
    const handle = "handle" in message ? message.handle : "";
    // A failing store concerns no session, nor does what was never stored.
    if (handle === "") return;
    const event = recorded(name, message, this.#engine.backend.now(), this.#known.get(handle));
    (event.userId === undefined ? this.#others : this.#signedIn).add({ event, nth: this.#nth++ });
    if (event.userId !== undefined) this.#keep(event, event.userId);
  }

  #keep(event: RecordedEvent, userId: string): void {
    const store = this.#store;
    if (store === undefined || this.#waiting >= MOST_WAITING) return;
    this.#waiting += 1;
    const write = async (): Promise<void> => {
      try {
        if (event.login) await store.append(this.#list("session", event.handle), userId);
        await store.append(this.#list("user", userId), JSON.stringify(event));
      } catch {
        // Nobody waits for it, and what fails here is no session's.
      } finally {
        this.#waiting -= 1;
      }
    };
    this.#writing = this.#writing.then(write);
  }

  /** A session that has ended does not say whose it was, so that is kept too. */
  async #stored(handle: string | undefined, userId: string | undefined): Promise<RecordedEvent[]> {
    const store = this.#store;
    if (store === undefined) return [];
    const users = handle === undefined ? [userId!] : await store.read(this.#list("session", handle));
    const texts = await Promise.all([...new Set(users)].map((user) => store.read(this.#list("user", user))));
    return texts.flat().flatMap((text) => readEvent(text) ?? []);
  }

  #list(kind: "session" | "user", name: string): string {
    return `${kind} ${this.#engine.options.realm} ${name}`;
  }
}

/** An event, and the how manieth of this process it is; undefined for one that the store has kept. */
interface Heard {
  readonly event: RecordedEvent;
  readonly nth: number | undefined;
}

function inOrder(one: Heard, other: Heard): number {
  const byTime = one.event.at - other.event.at;
  if (byTime !== 0) return byTime;
  if (one.nth !== undefined && other.nth !== undefined) return one.nth - other.nth;
  return rank(one.event) - rank(other.event);
}

function keyOf({ at, event, handle }: RecordedEvent): string {
  return `${at} ${event} ${handle}`;
}

/** Of what happened at the same moment, an end comes last, but before what came of it. */
function rank({ event }: RecordedEvent): number {
  if (event === "created") return 0;
  if (event === "unknown") return 3;
  return ENDS.has(event) ? 2 : 1;
}
