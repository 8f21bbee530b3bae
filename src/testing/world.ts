import assert from "node:assert/strict";
import { type Awaitable, type LoadSave, SessionBackend, type SessionData } from "../backends/backend.ts";
import { onSessionEvent, type SessionEventName, type SessionEvents } from "../core/events.ts";
import type { SessionOptions } from "../core/options.ts";
import type { Session } from "../core/session.ts";
import { createSessions, type Sessions } from "../core/sessions.ts";
import { type Browser, browser } from "./browser.ts";
import { movableClock } from "./clock.ts";
import { GatedBackend } from "./gated-backend.ts";

/** What the cases keep in a session. */
export interface Data extends SessionData {
  visits: number;
  name: string;
  color: string;
  notice: string;
  cart: string[];
}

/** A fresh, empty store to be tested. */
export interface TestStore {
  readonly backend: SessionBackend | LoadSave;
  /** Moves the store's clock by so many seconds, or makes all it holds so much older. Default: `now` moves. */
  readonly advance?: (seconds: number) => Awaitable<void>;
  /** A second instance of the back-end on the same store, as another process would have it. Default: the same one. */
  readonly another?: () => Awaitable<SessionBackend>;
  /** Removes what was made for this case. The back-end itself has been closed before. */
  readonly close?: () => Awaitable<void>;
}

/** What one case plays with. */
export interface World {
  readonly store: GatedBackend;
  advance(seconds: number): Promise<void>;
  /** A second instance of the back-end, on the same store. */
  another(): Promise<SessionBackend>;
  /** An engine on the store. Several are several servers that share it. */
  sessions(options?: SessionOptions<Data>): Sessions<Data>;
  /** A new browser, on a new engine with default options if none is given. */
  browser(sessions?: Sessions<Data>): Browser<Data>;
  /** The events of this name from now on, of every engine in the process. */
  heard<Name extends SessionEventName>(name: Name): SessionEvents[Name][];
  /** A browser that already has a session with this data. */
  visitor(data: Partial<Data>, sessions?: Sessions<Data>): Promise<Browser<Data>>;
}

/** A case before it has a store. */
export interface Case {
  readonly promise: string;
  readonly name: string;
  run(world: World): Promise<void>;
}

/** Runs a case in a world of its own, and takes that down again whatever happens. */
export async function inWorld(
  create: (clock: { now: () => number }) => Awaitable<TestStore>,
  run: (world: World) => Promise<void>,
): Promise<void> {
  const clock = movableClock();
  const made = await create({ now: clock.now });
  const inner = "patch" in made.backend ? made.backend : new LoadSaveWithClock(made.backend, clock.now);
  const store = new GatedBackend(inner);
  const sessions = (options?: SessionOptions<Data>): Sessions<Data> =>
    createSessions<Data>({ ...options, backend: store });
  const unsubscribe: (() => void)[] = [];
  const others: SessionBackend[] = [];
  const world: World = {
    store,
    sessions,
    advance: async (seconds) => (made.advance ?? clock.advance)(seconds),
    async another() {
      if (made.another === undefined) return inner;
      const other = await made.another();
      others.push(other);
      return other;
    },
    browser: (on = sessions()) => browser(on),
    heard(name) {
      const events: SessionEvents[typeof name][] = [];
      unsubscribe.push(onSessionEvent(name, (event) => events.push(event)));
      return events;
    },
    async visitor(data, on = sessions()) {
      const visitor = browser(on);
      await visitor.request((session) => void Object.assign(session, data));
      return visitor;
    },
  };
  try {
    await run(world);
  } finally {
    for (const end of unsubscribe) end();
    store.mend();
    for (const other of others) await other.close();
    await inner.close();
    await made.close?.();
  }
}

/** What the engine makes of an object with two methods, with a clock that the test moves. */
class LoadSaveWithClock extends SessionBackend {
  readonly #inner: LoadSave;
  readonly #clock: () => number;

  constructor(inner: LoadSave, clock: () => number) {
    super();
    this.#inner = inner;
    this.#clock = clock;
  }

  override load(id: string): Awaitable<SessionData | null | undefined> {
    return this.#inner.load(id);
  }
  override save(id: string, data: SessionData, timeout: number): Awaitable<void> {
    return this.#inner.save(id, data, timeout);
  }
  override now(): number {
    return this.#clock();
  }
}

/** The handle in a browser's cookie. */
export function handleIn(visitor: { cookie: string | undefined }): string {
  return tokenIn(visitor).slice(0, 16);
}

/** The value of a browser's cookie. */
export function tokenIn(visitor: { cookie: string | undefined }): string {
  return visitor.cookie?.split("=")[1] ?? "";
}

/** A handler that puts these into the session. */
export function set(data: Partial<Data>): (session: Session<Data>) => void {
  return (session) => void Object.assign(session, data);
}

/** What a request with this browser's cookie would find, as plain data; `{}` if there is no session. */
export async function found(visitor: Browser<Data>): Promise<object> {
  const session = await visitor.begin();
  return { ...session };
}

/** Fails unless neither the cookie nor the store knows the session any more. */
export async function assertGone(world: World, cookie: string | undefined): Promise<void> {
  const visitor = world.browser();
  visitor.cookie = cookie;
  assert.deepEqual(await found(visitor), {}, "the cookie still stands for something");
  const record = await world.store.inner.read(handleIn(visitor));
  assert.ok(record === undefined || record.now >= record.expiresAt, "the record is still there");
}
