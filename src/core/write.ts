import type { Awaitable, NewRecord, PatchResult, Rotation } from "../backends/backend.ts";
import { SessionError, StateError } from "../errors.ts";
import { changesBetween } from "./changes.ts";
import { call, chain } from "./engine.ts";
import { publish, type SessionEvents } from "./events.ts";
import { isExpired } from "./expiry.ts";
import { forget, letGo } from "./forget.ts";
import { headText, readHead, timeoutsOf } from "./head.ts";
import { endLegacy } from "./legacy-cookies.ts";
import { checkLifetime } from "./options.ts";
import { created, rotated } from "./record.ts";
import type { Lifetime, Live, Mark } from "./session.ts";
import { serializeCookie } from "./set-cookie.ts";
import { createToken } from "./token.ts";
import { signsIn } from "./user.ts";

const CREATE_ATTEMPTS = 3;
const FRESH_ATTEMPTS = 100;

/** A mark that leaves the session there. */
export type Asked = Exclude<Mark, { verb: "destroy" }>;

/** The steps that `commit` chooses from; each is one call of the back-end. */

/** Stores a new record under an id that nobody has. */
export function create(live: Live, text: string, mark: Mark | undefined, attempt = 1): Awaitable<void> {
  const { engine } = live;
  if (live.headersSent) throw headersSent("a new session");
  const token = createToken(attempt === 1 ? live.reserved : undefined);
  const login = mark?.verb === "login" ? mark : undefined;
  const record: NewRecord = {
    data: text,
    secretHash: token.secretHash,
    userId: login?.userId ?? null,
    ...timeoutsOf(fullLifetime(live, mark?.verb === "destroy" ? undefined : mark?.lifetime)),
  };
  return chain(
    call(engine, "create", () => engine.backend.create(token.handle, record)),
    (free) => {
      if (!free) {
        if (attempt < CREATE_ATTEMPTS) return create(live, text, mark, attempt + 1);
        throw new StateError(
          "conflict",
          "No free session id was found. Check the system's random generator.",
        );
      }
      live.handle = token.handle;
      live.record = created(record, engine.backend.now());
      stored(live, text, 1, mark);
      live.cookie = carried(live, token.value);
      publish("created", eventOf(live));
    },
  );
}

/** Writes what changed into the record as it is now. */
export function save(live: Live, text: string, mark: Mark | undefined): Awaitable<void> {
  return chain(patch(live, text, undefined), (result) => applied(live, text, result, mark));
}

/** A new secret, alone or with new rights; what changed goes along. */
export function rotate(live: Live, text: string, mark: Asked, attempt = 1): Awaitable<void> {
  if (live.headersSent) throw headersSent(mark.verb);
  if (live.startsOver && live.version === -1 && attempt < FRESH_ATTEMPTS)
    return afresh(live, text, mark, attempt);
  const { options } = live.engine;
  const record = live.record!;
  const login = mark.verb === "login";
  const raiseEpoch = login || mark.privilegeChange;
  const token = createToken(live.handle);
  const lifetime = login || mark.lifetime !== undefined ? fullLifetime(live, mark.lifetime) : undefined;
  // What else the head remembers stays.
  const head = lifetime && headText({ ...readHead(record.head), ...lifetime });
  const rotation: Rotation = {
    secretHash: token.secretHash,
    grace: options.rotationGrace,
    raiseEpoch,
    ...(login && mark.userId !== null ? { userId: mark.userId } : {}),
    ...(lifetime === undefined ? {} : { absoluteTimeout: lifetime.absoluteTimeout }),
  };
  return chain(patch(live, text, rotation, head), (result) => {
    if (result === "ended" && signsIn(live, mark)) throw nobodySignedIn(live);
    if (result === "stale") {
      if (live.startsOver && attempt < FRESH_ATTEMPTS) return afresh(live, text, mark, attempt);
      // Another sign-in was first. This one checked a password too, so it gets a session of its own.
      if (signsIn(live, mark) && live.lease === undefined) return create(live, text, mark);
      // Another rotation was first: its id stands, and only the data is still to be stored.
      if (!raiseEpoch) return save(live, text, mark);
    }
    return chain(applied(live, text, result, mark), () => {
      if (live.state === "ended") return;
      live.record = rotated(live.record!, record, rotation, head);
      live.cookie = carried(live, token.value);
      publish("rotated", { ...eventOf(live), login, privilegeChange: raiseEpoch });
    });
  });
}

/** Looks at what others have stored since, so that none of it stays in a session that starts over; then goes on. */
async function afresh(live: Live, text: string, mark: Asked, attempt: number): Promise<void> {
  const { engine, handle } = live;
  const seen = await call(engine, "read", () => engine.backend.read(handle));
  if (seen !== undefined && !isExpired(seen) && seen.epoch === live.record!.epoch) {
    live.record = { ...live.record!, secretHash: seen.secretHash };
    live.baseline = seen.data;
    live.version = seen.version;
    return rotate(live, text, mark, attempt + 1);
  }
  return rotate(live, text, mark, FRESH_ATTEMPTS);
}

/** The record goes, and what is kept of the data begins a new one. */
export function replace(live: Live, text: string, mark: Asked): Awaitable<void> {
  const { engine, handle } = live;
  if (live.headersSent) throw headersSent("a new session");
  const remove = (): Awaitable<boolean> => call(engine, "delete", () => engine.backend.delete(handle));
  return chain(chain(endLegacy(live), remove), (deleted) => {
    if (!deleted && signsIn(live, mark)) throw nobodySignedIn(live);
    if (!deleted) return ended(live, "ended");
    publish("destroyed", eventOf(live));
    letGo(live);
    return create(live, text, mark);
  });
}

function nobodySignedIn(live: Live): StateError {
  ended(live, "ended");
  return new StateError(
    "ended",
    "The session ended while its user signed in. Nobody is signed in; sign in again.",
  );
}

export function touch(live: Live): Awaitable<void> {
  const { engine, handle, record } = live;
  // Nothing of the user's is at stake: if it fails, the event tells, and the answer goes out.
  const ignore = (error: unknown): void => {
    if (!(error instanceof SessionError)) throw error;
  };
  try {
    const answer = call(engine, "touch", () =>
      engine.backend.touch(handle, readHead(record!.head).idleTimeout),
    );
    if (answer instanceof Promise) return answer.then(() => extend(live), ignore);
    extend(live);
  } catch (error) {
    ignore(error);
  }
}

/** Drops what this request wrote, and says so in an event. */
export function discard(live: Live, reason: SessionEvents["discarded"]["reason"]): void {
  publish("discarded", { ...eventOf(live), reason });
}

function patch(
  live: Live,
  text: string,
  rotation: Rotation | undefined,
  head?: string,
): Awaitable<PatchResult> {
  const { engine, handle, baseline, version, lease } = live;
  const record = live.record!;
  return call(engine, "patch", () =>
    engine.backend.patch(handle, {
      ifEpoch: record.epoch,
      ifVersion: rotation !== undefined && live.startsOver && version !== -1 ? version : undefined,
      ifSecretHash: rotation === undefined || rotation.raiseEpoch ? undefined : record.secretHash,
      ifFence: lease?.fence,
      baseVersion: version,
      data: text,
      changes: () => changesBetween(baseline, text),
      idleTimeout: readHead(head ?? record.head).idleTimeout,
      head,
      rotation,
    }),
  );
}

function applied(live: Live, text: string, result: PatchResult, mark: Mark | undefined): void {
  if (result === "ok" || result === "merged") {
    stored(live, text, result === "ok" ? live.version + 1 : -1, mark);
    extend(live);
    return;
  }
  if (result === "stale" && live.lease !== undefined) {
    throw new StateError(
      "lock_lost",
      "Exclusive use of the session was over, or its rights changed, before this was saved. Nothing was saved; try again.",
    );
  }
  ended(live, result);
  if (live.startsOver && live.mark !== mark) forget(live);
}

/** What was marked or emptied while the store answered stays, for the next commit. */
function stored(live: Live, text: string, version: number, mark: Mark | undefined): void {
  live.baseline = text;
  live.version = version;
  if (live.mark === mark) {
    live.mark = undefined;
    live.startsOver = false;
  }
  if (live.emptied) live.emptied = text !== "{}" && Object.keys(live.data).length === 0;
  live.drained = undefined;
  live.reshaped = false;
}

/** No cookie either: a late one would bring back what is gone, or take away what came after. */
export function ended(live: Live, reason: "ended" | "stale"): void {
  live.state = "ended";
  live.cookie = undefined;
  discard(live, reason);
}

function extend(live: Live): void {
  const record = live.record!;
  const { idleTimeout } = readHead(record.head);
  const expiresAt = Math.min(record.now + idleTimeout, record.absoluteExpiresAt);
  if (expiresAt > record.expiresAt) live.record = { ...record, expiresAt };
}

function fullLifetime(live: Live, given: Lifetime | undefined): Required<Lifetime> {
  const { options } = live.engine;
  return {
    ...checkLifetime(given ?? {}, options),
    persistent: given?.persistent ?? options.cookie.persistent,
  };
}

/** What carries a token to the client: a Set-Cookie line, or by header the token itself. */
export function carried(live: Live, token: string): string {
  if (live.byHeader) return token;
  const { head, absoluteExpiresAt, now } = live.record!;
  const { persistent } = readHead(head);
  return serializeCookie(live.engine.options.cookie, token, persistent ? absoluteExpiresAt - now : undefined);
}

export function eventOf(live: Live): { handle: string; userId: string | null } {
  return { handle: live.handle, userId: live.record?.userId ?? null };
}

function headersSent(what: string): StateError {
  return new StateError(
    "headers_sent",
    `The response has begun, so the cookie that ${what} needs cannot be sent. Do it before the first byte.`,
  );
}
