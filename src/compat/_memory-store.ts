import { type Duration, secondsOf } from "../duration.ts";
import { ConfigError } from "../errors.ts";
import type { CookieData } from "./_cookie.ts";
import { Store } from "./_store.ts";

/** Options of `MemoryStore`. */
export interface MemoryStoreOptions {
  /** How many sessions there may be; those that were used longest ago go first. Default 100,000. */
  readonly max?: number | undefined;
  /** Time without a request after which a session ends whose cookie has no `maxAge`. Default a day. */
  readonly idleTimeout?: Duration | undefined;
}

interface Entry {
  text: string;
  /** Milliseconds since 1970. */
  until: number;
}

type Callback<T = void> = (error?: unknown, value?: T) => void;

/** How many entries each write looks at, so that the expired ones are gone after half as many writes as there are. */
const LOOKS = 2;

/** Sessions in the memory of one process: bounded, and expired ones are removed. */
export class MemoryStore extends Store {
  readonly #max: number;
  readonly #idle: number;
  /** In the order of their last use. */
  #entries = new Map<string, Entry>();
  #looking: MapIterator<[string, Entry]> = this.#entries.entries();

  /** Throws ConfigError that names the option which is wrong. */
  constructor(options?: MemoryStoreOptions) {
    super();
    this.#max = positive("max", options?.max, 100_000);
    this.#idle = secondsOf("idleTimeout", options?.idleTimeout, 86_400, 0.001) * 1000;
  }

  get(sid: string, callback: Callback<object | null>): void {
    const session = this.#live(sid);
    setImmediate(() => callback(null, session));
  }

  set(sid: string, session: object, callback?: Callback): void {
    this.#put(sid, session);
    if (callback) setImmediate(callback);
  }

  touch(sid: string, session: object, callback?: Callback): void {
    const current = this.#live(sid);
    if (current !== undefined)
      this.#put(sid, { ...current, cookie: (session as { cookie?: unknown }).cookie });
    if (callback) setImmediate(callback);
  }

  destroy(sid: string, callback?: Callback): void {
    this.#entries.delete(sid);
    if (callback) setImmediate(callback);
  }

  /** All sessions by id. */
  all(callback: Callback<Record<string, object>>): void {
    const sessions: Record<string, object> = Object.create(null);
    for (const sid of this.#entries.keys()) {
      const session = this.#live(sid);
      if (session !== undefined) sessions[sid] = session;
    }
    setImmediate(() => callback(null, sessions));
  }

  length(callback: Callback<number>): void {
    this.all((error, sessions) => callback(error, Object.keys(sessions ?? {}).length));
  }

  clear(callback?: Callback): void {
    this.#entries.clear();
    if (callback) setImmediate(callback);
  }

  #live(sid: string): object | undefined {
    const entry = this.#entries.get(sid);
    if (entry === undefined) return undefined;
    if (entry.until > Date.now()) return JSON.parse(entry.text) as object;
    this.#entries.delete(sid);
    return undefined;
  }

  #put(sid: string, session: object): void {
    const text = JSON.stringify(session);
    const { expires } = Object((JSON.parse(text) as { cookie?: unknown }).cookie) as CookieData;
    const until = expires ? Date.parse(String(expires)) : Date.now() + this.#idle;
    this.#entries.delete(sid);
    this.#entries.set(sid, { text, until });
    this.#tidy();
  }

  #tidy(): void {
    for (let looks = 0; looks < LOOKS; looks++) {
      const next = this.#looking.next();
      if (next.done) this.#looking = this.#entries.entries();
      else if (next.value[1].until <= Date.now()) this.#entries.delete(next.value[0]);
    }
    if (this.#entries.size > this.#max)
      for (const [oldest] of this.#entries) return void this.#entries.delete(oldest);
  }
}

function positive(option: string, given: number | undefined, otherwise: number): number {
  if (given === undefined) return otherwise;
  if (typeof given !== "number" || !(given > 0)) throw new ConfigError(option, "Give a number above 0.");
  return given;
}
