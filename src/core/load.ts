import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { BackendError } from "../errors.ts";
import { decode } from "./codec.ts";
import { findTokens } from "./cookie.ts";
import { call, chain, type Engine } from "./engine.ts";
import { publish } from "./events.ts";
import { acquire } from "./lock.ts";
import { judge, type Verdict } from "./record.ts";
import { fitLoaded } from "./schema.ts";
import { type Live, openSession, setKey } from "./session.ts";
import { handleOf, secretHashOf } from "./token.ts";

/** How one request wants its session. */
export interface LoadOptions {
  /** Alone among the requests that ask for this; `wait` seconds at most (default `lockWait`). */
  exclusive?: boolean | { wait?: number };
}

/** Begins a request's use of a session: the one its cookie stands for, or a new empty one. */
export function loadLive(
  engine: Engine,
  header: string | null | undefined,
  options?: LoadOptions,
): Awaitable<Live> {
  if (!header) return openSession(engine, false, undefined);
  const { tokens, present } = findTokens(header, engine.options.cookie.name);
  if (tokens.length === 0) return openSession(engine, present, undefined);
  if (engine.options.outage === "fail") return tryNext(engine, tokens, 0, false, options);
  return unlessDown(engine, () => tryNext(engine, tokens, 0, false, options));
}

function tryNext(
  engine: Engine,
  tokens: readonly string[],
  index: number,
  superseded: boolean,
  options: LoadOptions | undefined,
): Awaitable<Live> {
  const token = tokens[index];
  if (token === undefined) return openSession(engine, true, undefined, superseded ? "superseded" : "open");
  const handle = handleOf(token);
  const secretHash = secretHashOf(token);
  return chain(
    call(engine, "read", () => engine.backend.read(handle)),
    (record) => {
      const verdict = record === undefined ? "unknown" : judge(record, secretHash);
      if (record !== undefined && (verdict === "live" || verdict === "grace")) {
        if (options?.exclusive) return openAlone(engine, tokens, index, superseded, record, options);
        return open(engine, handle, record, verdict === "grace");
      }
      report(verdict, handle, record);
      return tryNext(engine, tokens, index + 1, superseded || verdict === "superseded", options);
    },
  );
}

function open(engine: Engine, handle: string, record: SessionRecord, grace: boolean): Awaitable<Live> {
  const live = openSession(engine, true, { handle, record, grace });
  return chain(fill(live), () => live);
}

/** Only after the secret was judged, so that a guessed handle locks nothing; then read again, under the lock. */
async function openAlone(
  engine: Engine,
  tokens: readonly string[],
  index: number,
  superseded: boolean,
  first: SessionRecord,
  options: LoadOptions,
): Promise<Live> {
  const token = tokens[index]!;
  const handle = handleOf(token);
  const wait =
    (options.exclusive === true ? undefined : options.exclusive || undefined)?.wait ??
    engine.options.lockWait;
  const lease = await acquire(engine, handle, wait);
  try {
    const record = await call(engine, "read", () => engine.backend.read(handle));
    const verdict = record === undefined ? "unknown" : judge(record, secretHashOf(token));
    if (lease === undefined || record === undefined || (verdict !== "live" && verdict !== "grace")) {
      await lease?.release();
      report(verdict, handle, record ?? first);
      return await tryNext(engine, tokens, index + 1, superseded || verdict === "superseded", options);
    }
    const live = await open(engine, handle, record, verdict === "grace");
    live.lease = lease;
    return live;
  } catch (error) {
    await lease?.release();
    throw error;
  }
}

/** Makes the session what the record says. */
export function reload(live: Live, record: SessionRecord): Awaitable<void> {
  live.record = record;
  live.baseline = record.data;
  live.version = record.version;
  return revert(live);
}

/** Makes the session what was stored last, as far as this request knows. */
export function revert(live: Live): Awaitable<void> {
  for (const key of Object.keys(live.data)) setKey(live.data, key, undefined);
  live.mark = undefined;
  live.emptied = false;
  live.drained = undefined;
  live.reshaped = false;
  return fill(live);
}

function fill(live: Live): Awaitable<void> {
  decode(live.baseline, (key, value) => setKey(live.data, key, value));
  const { schema } = live.engine.options;
  if (schema !== undefined) return fitLoaded(live, schema);
}

function report(verdict: Verdict, handle: string, record: SessionRecord | undefined): void {
  const about = { handle, userId: record?.userId ?? null };
  if (verdict === "unknown") publish("unknown", { handle });
  else if (verdict === "expired") publish("expired", about);
  else if (verdict === "reused") publish("reused", about);
}

function unlessDown(engine: Engine, load: () => Awaitable<Live>): Awaitable<Live> {
  const readOnly = (error: unknown): Live => {
    if (!(error instanceof BackendError)) throw error;
    return openSession(engine, true, undefined, "read_only");
  };
  try {
    const live = load();
    return live instanceof Promise ? live.catch(readOnly) : live;
  } catch (error) {
    return readOnly(error);
  }
}
