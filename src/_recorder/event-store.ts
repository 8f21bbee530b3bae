import { hash } from "node:crypto";
import { type Awaitable, type LoadSave, type SessionBackend, toBackend } from "../backends/backend.ts";
import { headText } from "../core/head.ts";
import { createToken } from "../core/token.ts";
import { type Duration, secondsOf } from "../duration.ts";
import { sleep } from "../environment.ts";
import { ConfigError, StateError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { objectIn } from "../record/data.ts";

/** Where events are kept for longer than a process lives: named lists of texts. */
export interface EventStore {
  /** Adds a text to a list, and removes the oldest ones that are too many. */
  append(list: string, text: string): Awaitable<void>;
  /** Returns the texts of a list, oldest first; none if there is no such list. */
  read(list: string): Awaitable<readonly string[]>;
}

/** How much of a list is kept. */
export interface EventStoreOptions {
  /** Texts of one list. Default 50. */
  readonly most?: number | undefined;
  /** How long a list is kept after its last text. Default 30 days. */
  readonly life?: Duration | undefined;
}

const ATTEMPTS = 50;
const TEN_YEARS = 3650 * 86_400;

/**
 * Keeps events in a back-end: each list is a record that is no session. It takes any back-end, in one piece with each append
 * where the back-end's own steps are. Give it a prefix or a table of its own, so that counts of sessions stay counts of
 * sessions. Throws ConfigError.
 *
 * @example
 * const store = eventStore(new RedisSessionBackend(client, { prefix: "session-events:" }));
 */
export function eventStore(backend: SessionBackend | LoadSave, options: EventStoreOptions = {}): EventStore {
  refuseUnknown(options, ["most", "life"]);
  const { most = 50 } = options;
  if (!Number.isInteger(most) || most < 1) throw new ConfigError("most", "Pass a whole number from 1 on.");
  const life = secondsOf("life", options.life, 30 * 86_400, 1);
  return new Lists(toBackend(backend), most, life);
}

class Lists implements EventStore {
  readonly #backend: SessionBackend;
  readonly #most: number;
  readonly #life: number;

  constructor(backend: SessionBackend, most: number, life: number) {
    this.#backend = backend;
    this.#most = most;
    this.#life = life;
  }

  async read(list: string): Promise<readonly string[]> {
    const record = await this.#backend.read(handleOf(list));
    return record === undefined || record.now >= record.expiresAt ? [] : textsIn(record.data);
  }

  async append(list: string, text: string): Promise<void> {
    const { environment } = this.#backend;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (await this.#tried(handleOf(list), text)) return;
      await sleep(environment, (environment.random() * Math.min(attempt, 10)) / 100);
    }
    throw new StateError("conflict", "Others kept changing the list of events.");
  }

  /** Returns false if somebody else has changed the list meanwhile. */
  async #tried(handle: string, text: string): Promise<boolean> {
    const record = await this.#backend.read(handle);
    const isLive = record !== undefined && record.now < record.expiresAt;
    const events = JSON.stringify([...(isLive ? textsIn(record.data) : []), text].slice(-this.#most));
    const data = `{"events":${events}}`;
    if (isLive) {
      const answer = await this.#backend.patch(handle, {
        ifEpoch: record.epoch,
        ifVersion: record.version,
        baseVersion: record.version,
        data,
        changes: () => ({ set: new Map([["events", events]]), unset: [] }),
        idleTimeout: this.#life,
      });
      return answer === "ok" || answer === "merged";
    }
    const timeouts = { idleTimeout: this.#life, absoluteTimeout: Math.max(this.#life, TEN_YEARS) };
    // No realm has a space, so no engine takes it for a session of its own.
    const head = headText({ ...timeouts, persistent: false, more: ',"realm":" "' });
    const { secretHash } = createToken(" ");
    return this.#backend.create(handle, { data, secretHash, userId: null, head, ...timeouts });
  }
}

/** Two lists may share a record by chance, one in 10^18; what is in them says whose it is. */
function handleOf(list: string): string {
  return `event-${hash("sha256", list, "base64url").slice(0, 10)}`;
}

function textsIn(data: string): readonly string[] {
  const { events } = objectIn(data) ?? {};
  return Array.isArray(events) ? events.filter((text) => typeof text === "string") : [];
}
