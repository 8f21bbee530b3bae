import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { type Duration, secondsOf } from "../duration.ts";
import { StateError } from "../errors.ts";
import { chain } from "./call.ts";
import { close, drop, finish, saveNow } from "./commit.ts";
import type { Lease } from "./lease.ts";
import { ENGINE, type Engine, type Live, type LoadOptions } from "./live.ts";
import { acquire } from "./lock.ts";
import { newPhase, storedPhase } from "./opened.ts";
import { readInRealm } from "./read-again.ts";
import { fitEmpty, fitLoaded } from "./schema.ts";
import { seenLive, storedOf } from "./session.ts";
import { brought, headersLeave, held, open } from "./state.ts";

/*
 * What comes on a connection that lives on after its request: a message of a WebSocket uses the session as a request of
 * its own does. Between messages nothing is held but the bookmark, which opens nothing by itself.
 */

/** What a connection remembers of its session. It is plain data, so that it can be kept outside of the process. */
export interface Bookmark {
  readonly handle: string;
  readonly epoch: number;
  readonly userId: string | null;
}

/** How one message uses its session. */
export interface MessageOptions {
  /** Alone among the requests and messages that ask for this; see `exclusive`. Default false. */
  exclusive?: boolean | { wait?: Duration | undefined } | undefined;
  /** Whether the message is no sign of its user, so that it does not move the idle deadline unless it writes. Default false. */
  idle?: boolean | undefined;
}

/** Returns the bookmark of a session as it is stored now; undefined if nothing is stored. */
export function bookmarkOf(session: object): Bookmark | undefined {
  const stored = storedOf(seenLive(session));
  if (stored === undefined) return undefined;
  const { handle, record } = stored;
  return { handle, epoch: record.epoch, userId: record.userId };
}

/**
 * Runs `fn` with the session as it is stored now, and saves what it changed; if `fn` throws, nothing is saved. Returns what `fn`
 * returns. Without a bookmark the session is empty, and what would need a cookie throws StateError `headers_sent`.
 * Throws StateError `ended` if the session has ended, or its rights have changed since the bookmark was made; and as `save` does.
 */
export async function inMessage<R>(
  sessions: object,
  bookmark: Bookmark | undefined,
  fn: (session: object) => Awaitable<R>,
  options: MessageOptions = {},
): Promise<R> {
  const { [ENGINE]: engine } = sessions as { readonly [ENGINE]: Engine };
  const live = await (bookmark === undefined ? openEmpty(engine) : resume(engine, bookmark, options));
  headersLeave(live);
  let result: R;
  try {
    result = await fn(live.data);
    await saveNow(live.data);
  } catch (error) {
    drop(live);
    throw error;
  }
  await finish(live);
  close(live);
  return result;
}

/** Returns true if the session of a bookmark lives and has the same rights. Throws BackendError. */
export async function isStanding(sessions: object, bookmark: Bookmark): Promise<boolean> {
  const { [ENGINE]: engine } = sessions as { readonly [ENGINE]: Engine };
  const record = await readInRealm(engine, bookmark.handle);
  return record !== undefined && isSame(record, bookmark);
}

function openEmpty(engine: Engine): Awaitable<Live> {
  const live = open(engine, newPhase(false));
  return engine.options.schema === undefined ? live : chain(fitEmpty(live), () => live);
}

async function resume(engine: Engine, bookmark: Bookmark, options: MessageOptions): Promise<Live> {
  const lease = options.exclusive ? await alone(engine, bookmark, options) : undefined;
  try {
    const record = await readInRealm(engine, bookmark.handle);
    if (record === undefined || !isSame(record, bookmark)) throw over();
    const live = open(engine, storedPhase(engine, bookmark.handle, record, false));
    if (options.idle) brought(live, { idle: true });
    if (engine.options.schema !== undefined) await fitLoaded(live);
    if (lease !== undefined) held(live, lease, "request");
    return live;
  } catch (error) {
    await lease?.release();
    throw error;
  }
}

async function alone(engine: Engine, { handle }: Bookmark, { exclusive }: LoadOptions): Promise<Lease> {
  const wait = typeof exclusive === "object" ? exclusive.wait : undefined;
  const seconds = secondsOf("wait", wait, engine.options.lock.wait, 0, "wait");
  const lease = await acquire(engine, handle, seconds);
  if (lease === undefined) throw over();
  return lease;
}

/** A rotation with the same rights changes the secret and neither of these. */
function isSame(record: SessionRecord, { epoch, userId }: Bookmark): boolean {
  return record.epoch === epoch && record.userId === userId;
}

function over(): StateError {
  return new StateError(
    "ended",
    "The session has ended, or its rights have changed, since the connection was opened. Close the connection.",
  );
}
