import type { Awaitable, SessionRecord } from "../backends/backend.ts";
import { secondsOf } from "../duration.ts";
import { BackendError } from "../errors.ts";
import { call, chain } from "./call.ts";
import { reportDamaged } from "./damage.ts";
import { publish } from "./events.ts";
import type { Engine, LegacySeam, Live, LoadOptions, Phase } from "./live.ts";
import { acquire } from "./lock.ts";
import { newPhase, storedPhase, unprovenPhase } from "./opened.ts";
import { retiredUntil } from "./retired.ts";
import { reportReuse } from "./reuse.ts";
import { fitEmpty, fitLoaded } from "./schema.ts";
import { aboutOf } from "./session.ts";
import { brought, held, open } from "./state.ts";
import { type FoundTokens, findTokens, handleOf, isToken, sameHash, secretHashOf } from "./token.ts";

/** What a presented secret is worth. Everything but `live` and `grace` is answered as "no session". */
export type Verdict =
  /** The current secret. */
  | "live"
  /** The one before a rotation with the same rights, for the few seconds that it still works. */
  | "grace"
  /** One before a change of rights or two rotations, for the few seconds in which a parallel request may still carry it. */
  | "superseded"
  /** A replaced secret after those seconds. */
  | "reused"
  | "expired"
  /** Nothing can be read of the record. */
  | "damaged"
  | "unknown";

const OPENING: ReadonlySet<Verdict> = new Set<Verdict>(["live", "grace"]);

/** Judges a record by the hash of the presented secret and the store's clock. */
export function judge(record: SessionRecord, secretHash: string): Verdict {
  if (sameHash(record.secretHash, secretHash)) return isExpired(record) ? "expired" : "live";
  if (record.secretHash === "") return "damaged";
  if (record.previousSecretHash === null || !sameHash(record.previousSecretHash, secretHash))
    return judgeRetired(record, secretHash);
  if (isExpired(record)) return "expired";
  if (record.now >= record.previousUntil) return "reused";
  return record.previousEpoch === record.epoch ? "grace" : "superseded";
}

function judgeRetired(record: SessionRecord, secretHash: string): Verdict {
  const until = retiredUntil(record, secretHash);
  if (until === undefined) return "unknown";
  if (isExpired(record)) return "expired";
  return record.now < until ? "superseded" : "reused";
}

/** Returns true if this token opens the session of this record. */
export function opens({ options }: Engine, record: SessionRecord | undefined, token: string): boolean {
  return record !== undefined && OPENING.has(judge(record, secretHashOf(options.realm, token)));
}

/** Returns true if either deadline is over, by the clock of the store that the record was read from. */
export function isExpired(record: SessionRecord): boolean {
  return record.now >= record.expiresAt || record.now >= record.absoluteExpiresAt;
}

/** What one request brought to open a session with. */
interface Request {
  readonly engine: Engine;
  readonly header: string | null | undefined;
  readonly tokens: readonly string[];
  readonly present: boolean;
  readonly crowded: boolean;
  readonly options: LoadOptions | undefined;
  /** The handle of a record that one of the tokens would open if it were not damaged. */
  readonly damaged?: string;
}

/** Begins a request's use of a session: the one that its cookie opens, or a new empty one. */
export function load(
  engine: Engine,
  header: string | null | undefined,
  options?: LoadOptions,
): Awaitable<Live> {
  const token = options?.token;
  const byHeader = token !== undefined;
  if (options?.skip) {
    const why = options.skip === true ? "skipped" : options.skip;
    return fresh(engine, { is: "readOnly", why, of: undefined }, options);
  }
  if (!header && !byHeader) return fresh(engine, newPhase(false), options);
  const { tokens, present, crowded } = byHeader
    ? presented(token)
    : findTokens(header!, engine.options.cookie.name);
  const seam = byHeader ? undefined : engine.legacy;
  if (tokens.length === 0 && seam === undefined) return fresh(engine, newPhase(present), options);
  const request: Request = { engine, header, tokens, present, crowded, options };
  if (engine.options.whenDown === "anonymous") return unlessDown(request, () => find(request, seam, header!));
  return seam === undefined ? tryNext(request, 0, false) : find(request, seam, header!);
}

/** A header can be sent with anything in it, to ask for the answer in a header. */
function presented(token: string): FoundTokens {
  return { tokens: isToken(token) ? [token] : [], present: true, crowded: false };
}

/** Our own tokens first; if none opens a session, those of another library. */
function find(request: Request, seam: LegacySeam | undefined, header: string): Awaitable<Live> {
  if (seam === undefined) return tryNext(request, 0, false);
  const moved = (none: Live): Awaitable<Live> => {
    if (none.phase.is !== "new" || none.phase.superseded) return none;
    const openToken = (token: string): Awaitable<Live> => tryNext({ ...request, tokens: [token] }, 0, false);
    return chain(seam.load(request.engine, header, openToken), (live) => live ?? none);
  };
  return chain(chain(tryNext(request, 0, false), moved), (live) => {
    brought(live, { legacy: header });
    return live;
  });
}

function tryNext(request: Request, index: number, superseded: boolean): Awaitable<Live> {
  const { engine, tokens, options } = request;
  const token = tokens[index];
  if (token === undefined) return openFor(request, newPhase(request.present, superseded, request.damaged));
  const handle = handleOf(token);
  const judged = (record: SessionRecord | undefined): Awaitable<Live> => {
    const verdict =
      record === undefined ? "unknown" : judge(record, secretHashOf(engine.options.realm, token));
    if (record !== undefined && OPENING.has(verdict)) {
      const live = openStored(request, index, record, verdict);
      if (live === undefined) return tryNext({ ...request, damaged: handle }, index + 1, superseded);
      if (live.phase.is === "new") return fittedEmpty(live);
      if (options?.exclusive) return openAlone(request, index, superseded, record);
      return engine.options.schema === undefined ? live : chain(fitLoaded(live), () => live);
    }
    return chain(report(request, verdict, token, record), () =>
      tryNext(request, index + 1, superseded || verdict === "superseded"),
    );
  };
  const found = call(engine, "read", handle);
  return found instanceof Promise ? found.then(judged) : judged(found);
}

/** Opens the session of a record; an empty one without the proof of its device; undefined, with an event, if it is damaged. */
function openStored(
  request: Request,
  index: number,
  record: SessionRecord,
  verdict: Verdict,
): Live | undefined {
  const { engine, tokens, options } = request;
  const handle = handleOf(tokens[index]!);
  try {
    const phase = storedPhase(engine, handle, record, verdict === "grace");
    const standing = engine.bound?.judge(engine, phase, request.header, Boolean(options?.lenient));
    const isRefused = standing?.is === "refused";
    const live = open(engine, isRefused ? unprovenPhase(phase, request.damaged) : phase, options);
    if (standing !== undefined) brought(live, { standing });
    if (options?.idle) brought(live, { idle: true });
    if (tokens.length > 1) beside(live, request, index);
    return live;
  } catch (error) {
    return reportDamaged(engine, handle, record, error);
  }
}

/** Opens a session of which nothing is stored, or known. */
function fresh(engine: Engine, phase: Phase, options: LoadOptions | undefined): Awaitable<Live> {
  return fittedEmpty(open(engine, phase, options));
}

function fittedEmpty(live: Live): Awaitable<Live> {
  return live.engine.options.schema === undefined ? live : chain(fitEmpty(live), () => live);
}

function openFor(request: Request, phase: Phase): Awaitable<Live> {
  const { engine, options, tokens } = request;
  return chain(fresh(engine, phase, options), (live) => {
    if (tokens.length > 1) beside(live, request, tokens.length);
    return live;
  });
}

/** Notes what the request brought beside the token at `index`; those before it open nothing. */
function beside(live: Live, { tokens, crowded }: Request, index: number): void {
  brought(live, { tokens: tokens.slice(index + 1), crowded });
}

/** Only after the secret was judged, so that a guessed handle locks nothing; then read again, under the lock. */
async function openAlone(
  request: Request,
  index: number,
  superseded: boolean,
  first: SessionRecord,
): Promise<Live> {
  const { engine, tokens, options } = request;
  const token = tokens[index]!;
  const handle = handleOf(token);
  const wait = typeof options?.exclusive === "object" ? options.exclusive.wait : undefined;
  const lease = await acquire(engine, handle, secondsOf("wait", wait, engine.options.lock.wait, 0, "wait"));
  try {
    const record = await call(engine, "read", handle);
    const verdict =
      record === undefined ? "unknown" : judge(record, secretHashOf(engine.options.realm, token));
    if (lease === undefined || record === undefined || (verdict !== "live" && verdict !== "grace")) {
      await lease?.release();
      await report(request, verdict, token, record ?? first);
      return await tryNext(request, index + 1, superseded || verdict === "superseded");
    }
    const live = openStored(request, index, record, verdict);
    if (live === undefined) {
      await lease.release();
      return await tryNext({ ...request, damaged: handle }, index + 1, superseded);
    }
    if (live.phase.is === "new") {
      await lease.release();
      return await fittedEmpty(live);
    }
    if (engine.options.schema !== undefined) await fitLoaded(live);
    held(live, lease, "request");
    return live;
  } catch (error) {
    await lease?.release();
    throw error;
  }
}

function report(
  { engine, tokens }: Request,
  verdict: Verdict,
  token: string,
  record: SessionRecord | undefined,
): Awaitable<void> {
  const handle = handleOf(token);
  if (verdict === "unknown") publish(engine, "unknown", { handle });
  if (verdict === "expired" || verdict === "damaged" || verdict === "superseded")
    publish(engine, verdict, aboutOf(handle, record));
  if (verdict !== "reused" || record === undefined) return;
  const isHolder = tokens.some((other) => handleOf(other) === handle && opens(engine, record, other));
  return reportReuse(engine, handle, record, secretHashOf(engine.options.realm, token), isHolder);
}

function unlessDown(request: Request, load: () => Awaitable<Live>): Awaitable<Live> {
  const readOnly = (error: unknown): Awaitable<Live> => {
    if (!(error instanceof BackendError)) throw error;
    return openFor(request, { is: "readOnly", why: "outage", of: undefined });
  };
  try {
    const live = load();
    return live instanceof Promise ? live.catch(readOnly) : live;
  } catch (error) {
    return readOnly(error);
  }
}
