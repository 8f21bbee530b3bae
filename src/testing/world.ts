import assert from "node:assert/strict";
import {
  type Awaitable,
  type LoadSave,
  type SessionBackend,
  type SessionData,
  toBackend,
} from "../backends/backend.ts";
import type { SessionEventName, SessionEvents } from "../core/events.ts";
import type { SessionOptions } from "../core/options.ts";
import { createSessions, type Sessions } from "../core/sessions.ts";
import { type Environment, systemEnvironment } from "../environment.ts";
import { type Browser, browser } from "./browser.ts";
import { virtualEnvironment } from "./clock.ts";
import { onEvent } from "./events.ts";
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
  /** Makes what the store holds this many seconds older. Needed only where the store's own clock decides. */
  readonly advance?: ((seconds: number) => Awaitable<void>) | undefined;
  /** A second instance of the back-end on the same store, as another process has it. Default: the same instance. */
  readonly another?: (() => Awaitable<SessionBackend>) | undefined;
  /** Removes what was made for this case. The back-end itself has been closed before. */
  readonly close?: (() => Awaitable<void>) | undefined;
}

/** Makes a fresh, empty store for one case. */
export type CreateStore = (environment: Environment) => Awaitable<TestStore>;

/** What one case works with. */
export interface World {
  readonly store: GatedBackend;
  /** Moves the store's clock, by which it judges deadlines. */
  advance(seconds: number): Promise<void>;
  /** A second instance of the back-end, on the same store. */
  another(): Promise<SessionBackend>;
  /** An engine on the store. Several engines are several servers that share it. */
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

/** Seconds. Stores on busy machines take their time, and no case of a store is about a deadline of the engine. */
const PATIENCE = 60;

/** Runs a case in a world of its own, and removes that world whatever happens. Its engines have `defaults`. */
export async function inWorld(
  create: CreateStore,
  run: (world: World) => Promise<void>,
  defaults: SessionOptions<Data> = { backendTimeout: PATIENCE, lock: { wait: PATIENCE } },
): Promise<void> {
  const clock = virtualEnvironment();
  // The store's waiting times are real: whatever it waits for is.
  const environment: Environment = { ...systemEnvironment, now: clock.now };
  const made = await create(environment);
  const inner = toBackend(made.backend);
  if (made.advance === undefined) inner.environment = environment;
  const store = new GatedBackend(inner);
  const sessions = (options?: SessionOptions<Data>): Sessions<Data> =>
    createSessions<Data>({ ...defaults, ...options, backend: onItsOwn(store) });
  const unsubscribe: (() => void)[] = [];
  const others: SessionBackend[] = [];
  const world: World = {
    store,
    sessions,
    advance: async (seconds) => (made.advance ?? clock.advance)(seconds),
    async another() {
      if (made.another === undefined) return inner;
      const other = await made.another();
      if (made.advance === undefined) other.environment = environment;
      others.push(other);
      return other;
    },
    browser: (on = sessions()) => browser(on),
    heard(name) {
      const events: SessionEvents[typeof name][] = [];
      unsubscribe.push(onEvent(name, ({ realm: _, ...event }) => events.push(event as never)));
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

/** The same back-end as another object: as another process has it, where the options may be others. */
export function onItsOwn<B extends SessionBackend>(backend: B): B {
  return new Proxy(backend, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

/** The handle in a browser's cookie. */
export function handleIn(visitor: { cookie: string | undefined }): string {
  return tokenIn(visitor).slice(0, 16);
}

/** The value of a browser's cookie. */
export function tokenIn(visitor: { cookie: string | undefined }): string {
  return visitor.cookie?.split("=")[1] ?? "";
}

/** What a request with this browser's cookie finds, as plain data; `{}` if there is no session. */
export async function found(visitor: Browser<Data>): Promise<object> {
  const session = await visitor.begin();
  return { ...session };
}

/** Fails unless a request with this browser's cookie finds this and nothing else. */
export async function assertFound(visitor: Browser<Data>, expected: object): Promise<void> {
  assert.deepEqual(await found(visitor), expected, "the data that the next request finds");
}

/** Fails unless neither the cookie nor the store knows the session any more. */
export async function assertGone(world: World, cookie: string | undefined): Promise<void> {
  const visitor = world.browser();
  visitor.cookie = cookie;
  await assertFound(visitor, {});
  const record = await world.store.inner.read(handleIn(visitor));
  const isGone = record === undefined || record.now >= record.expiresAt;
  assert.ok(isGone, "read should return no live record of a session that has ended");
}
