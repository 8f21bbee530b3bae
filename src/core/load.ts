import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { BackendError } from "../errors.ts";
import { loadLegacy } from "./adopt.ts";
import { type FoundTokens, findTokens } from "./cookie.ts";
import { call, chain, type Engine } from "./engine.ts";
import { publish } from "./events.ts";
import { fill } from "./fill.ts";
import { isMoving } from "./legacy.ts";
import { acquire } from "./lock.ts";
import { judge, type Verdict } from "./record.ts";
import { type Live, openSession, type SessionKind } from "./session.ts";
import { handleOf, isToken, secretHashOf } from "./token.ts";

/** How one request wants its session. */
export interface LoadOptions {
  /** Alone among the requests that ask for this; `wait` seconds at most (default `lockWait`). */
  exclusive?: boolean | { wait?: number };
  /** Without one: the store is not asked, the session is empty, and writing to it throws StateError `read_only`. */
  skip?: boolean;
  /**
   * The value of the header that the option `header` names, if the request has that header: it stands for the session
   * instead of the cookie, and what `commit` answers is the value of the same header of the response.
   */
  token?: string | undefined;
  /** What the session object is made of; for adapters. */
  kind?: SessionKind;
}

/** Begins a request's use of a session: the one its cookie stands for, or a new empty one. */
export function loadLive(
  engine: Engine,
  header: string | null | undefined,
  options?: LoadOptions,
): Awaitable<Live> {
  if (options?.skip) return openSession(engine, false, undefined, options, "skipped");
  const token = options?.token;
  if (!header && token === undefined) return openSession(engine, false, undefined, options);
  const { tokens, present } =
    token === undefined ? findTokens(header!, engine.options.cookie.name) : presented(token);
  const legacy = token === undefined && isMoving(engine) ? header! : undefined;
  if (tokens.length === 0 && legacy === undefined) return openSession(engine, present, undefined, options);
  const attempt: Attempt = { engine, tokens, present, legacy, options };
  if (engine.options.outage === "fail") return begin(attempt);
  return unlessDown(attempt, () => begin(attempt));
}

function begin(attempt: Attempt): Awaitable<Live> {
  const { legacy } = attempt;
  if (legacy === undefined) return tryNext(attempt, 0, false);
  return chain(tryNext(attempt, 0, false), (live) => {
    live.legacy = legacy;
    return live;
  });
}

/** What one request brought to stand for a session. */
interface Attempt {
  readonly engine: Engine;
  readonly tokens: readonly string[];
  readonly present: boolean;
  /** The Cookie header, while sessions of another library are accepted. */
  readonly legacy: string | undefined;
  readonly options: LoadOptions | undefined;
}

/** A header can be sent with anything in it, to ask for the answer in a header. */
function presented(token: string): FoundTokens {
  return { tokens: isToken(token) ? [token] : [], present: true };
}

function tryNext(attempt: Attempt, index: number, superseded: boolean): Awaitable<Live> {
  const { engine, tokens, options } = attempt;
  const token = tokens[index];
  if (token === undefined) return noneOfOurs(attempt, superseded);
  const handle = handleOf(token);
  const secretHash = secretHashOf(token);
  return chain(
    call(engine, "read", () => engine.backend.read(handle)),
    (record) => {
      const verdict = record === undefined ? "unknown" : judge(record, secretHash);
      if (record !== undefined && (verdict === "live" || verdict === "grace")) {
        if (options?.exclusive) return openAlone(attempt, index, superseded, record);
        return open(attempt, handle, record, verdict === "grace");
      }
      report(verdict, handle, record);
      return tryNext(attempt, index + 1, superseded || verdict === "superseded");
    },
  );
}

function noneOfOurs(attempt: Attempt, superseded: boolean): Awaitable<Live> {
  const { engine, present, legacy, options } = attempt;
  const none = (): Live => {
    return openSession(engine, present, undefined, options, superseded ? "superseded" : "open");
  };
  if (legacy === undefined || superseded) return none();
  // What moved is opened as if the request had brought a token of ours.
  const openMoved = (token: string): Awaitable<Live> =>
    tryNext({ ...attempt, tokens: [token], legacy: undefined }, 0, false);
  return chain(loadLegacy(engine, legacy, openMoved), (moved) => moved ?? none());
}

function waitOf(engine: Engine, { exclusive }: LoadOptions): number {
  return (typeof exclusive === "object" ? exclusive.wait : undefined) ?? engine.options.lockWait;
}

function open(
  { engine, options }: Attempt,
  handle: string,
  record: SessionRecord,
  grace: boolean,
): Awaitable<Live> {
  const live = openSession(engine, true, { handle, record, grace }, options);
  return chain(fill(live), () => live);
}

/** Only after the secret was judged, so that a guessed handle locks nothing; then read again, under the lock. */
async function openAlone(
  attempt: Attempt,
  index: number,
  superseded: boolean,
  first: SessionRecord,
): Promise<Live> {
  const { engine, tokens, options } = attempt;
  const token = tokens[index]!;
  const handle = handleOf(token);
  const lease = await acquire(engine, handle, waitOf(engine, options ?? {}));
  try {
    const record = await call(engine, "read", () => engine.backend.read(handle));
    const verdict = record === undefined ? "unknown" : judge(record, secretHashOf(token));
    if (lease === undefined || record === undefined || (verdict !== "live" && verdict !== "grace")) {
      await lease?.release();
      report(verdict, handle, record ?? first);
      return await tryNext(attempt, index + 1, superseded || verdict === "superseded");
    }
    const live = await open(attempt, handle, record, verdict === "grace");
    live.lease = lease;
    return live;
  } catch (error) {
    await lease?.release();
    throw error;
  }
}

function report(verdict: Verdict, handle: string, record: SessionRecord | undefined): void {
  const about = { handle, userId: record?.userId ?? null };
  if (verdict === "unknown") publish("unknown", { handle });
  else if (verdict === "expired") publish("expired", about);
  else if (verdict === "reused") publish("reused", about);
}

function unlessDown({ engine, options }: Attempt, load: () => Awaitable<Live>): Awaitable<Live> {
  const readOnly = (error: unknown): Live => {
    if (!(error instanceof BackendError)) throw error;
    return openSession(engine, true, undefined, options, "read_only");
  };
  try {
    const live = load();
    return live instanceof Promise ? live.catch(readOnly) : live;
  } catch (error) {
    return readOnly(error);
  }
}
