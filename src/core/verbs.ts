import { StateError } from "../errors.ts";
import { decode, encodeValue } from "./codec.ts";
import { commitLive } from "./commit.ts";
import { readHead } from "./head.ts";
import { checkLifetime } from "./options.ts";
import { type Lifetime, type Live, liveOf, readOnly, setKey, writableOf } from "./session.ts";
import { update } from "./update.ts";

/**
 * Marks the session for a new id at commit, keeping its data. With the same rights, the old id works for
 * `rotationGrace` seconds more, so that parallel requests are not logged out; its use after that is a `reused` event.
 * With `privilegeChange` (a second factor, a role) the old id is dead at once, and what requests that began under the
 * old rights write later is dropped (OWASP Session Management: renew at any change of privilege).
 * A lifetime given here starts anew from now. A session that is not stored yet gets its id from `commit` anyway.
 * Throws StateError `headers_sent` after the first byte, `ended` after `destroy`; ConfigError for a bad lifetime.
 */
export function rotate(session: object, options: Lifetime & { privilegeChange?: boolean } = {}): void {
  const live = changeable(session, "rotate");
  const { privilegeChange = false, ...lifetime } = options;
  const given = Object.values(lifetime).some((value) => value !== undefined);
  checkLifetime(lifetime, live.engine.options);
  if (live.mark?.verb === "login") {
    if (given) live.mark = { ...live.mark, lifetime };
    return;
  }
  const sofar = live.mark?.verb === "rotate" ? live.mark : undefined;
  live.mark = {
    verb: "rotate",
    privilegeChange: privilegeChange || (sofar?.privilegeChange ?? false),
    lifetime: given ? lifetime : sofar?.lifetime,
  };
}

/**
 * Marks the session as `userId`'s from commit on: a new id, new deadlines from now (NIST SP 800-63B-4 5.2), the old id
 * dead at once (ASVS 7.2.4). The data is kept; clear what must not be. Signing in again, or another user, is the same.
 * Throws TypeError for an empty id; StateError and ConfigError as `rotate` does.
 */
export function login(session: object, userId: string, lifetime: Lifetime = {}): void {
  // Half a surrogate pair becomes U+FFFD in UTF-8, where two users could meet.
  if (typeof userId !== "string" || userId === "" || !userId.isWellFormed()) {
    throw new TypeError(
      "login: the user's id must be a string that is not empty, of well-formed Unicode. Convert a number with String(id).",
    );
  }
  const live = changeable(session, "login");
  checkLifetime(lifetime, live.engine.options);
  live.mark = { verb: "login", userId, lifetime };
}

/**
 * Marks the session to be ended at commit: the record goes, every id it ever had with it, and the browser is told to
 * drop the cookie. Its data is empty from now on. After the first byte the record still goes; only the cookie stays
 * behind, and stands for nothing. Nothing takes it back; there is nothing to do for a session that is over.
 */
export function destroy(session: object): void {
  const live = writableOf(session, "destroy");
  live.mark = { verb: "destroy" };
  for (const key of Object.keys(session)) setKey(session, key, undefined);
}

/** Saves now what has changed until now, and does what was marked; a cookie that is due goes with the response. */
export async function commit(session: object): Promise<void> {
  await commitLive(liveOf(session));
}

/** Leaves a message under `key` for a later request. It is ordinary data until then. */
export function flash<S extends object, K extends keyof S & string>(session: S, key: K, value: S[K]): void;
/**
 * Takes the message under `key`: answers it, or undefined if there is none, and removes it. Of two requests that ask
 * at once, in any two processes, one gets it. Throws BackendError if the store fails; the message is then still there.
 */
export function flash<S extends object, K extends keyof S & string>(
  session: S,
  key: K,
): Promise<S[K] | undefined>;
export function flash<S extends object, K extends keyof S & string>(
  session: S,
  key: K,
  ...value: [S[K]?]
): undefined | Promise<S[K] | undefined> {
  if (value.length === 0) return take(session, key);
  writableOf(session, "flash");
  setKey(session, key, value[0]);
  return undefined;
}

async function take<S extends object, K extends keyof S & string>(
  session: S,
  key: K,
): Promise<S[K] | undefined> {
  const live = liveOf(session);
  if (live.state === "shown") throw readOnly(live, "flash");
  const here = session[key];
  if (live.state !== "open" || live.mark?.verb === "destroy") return undefined;
  if (live.record === undefined || live.startsOver || isNew(live, key, here)) {
    setKey(session, key, undefined);
    return here;
  }
  let taken: S[K] | undefined;
  try {
    await update(session as Record<string, unknown>, key, (stored) => {
      taken = stored as S[K];
      return undefined;
    });
  } catch (error) {
    if (error instanceof StateError && error.code === "ended") return undefined;
    throw error;
  }
  return taken;
}

/** Whether this request itself left the message, so that the store does not have it yet. */
function isNew(live: Live, key: string, here: unknown): boolean {
  if (here === undefined) return false;
  let before: unknown;
  decode(live.baseline, (name, value) => {
    if (name === key) before = value;
  });
  return before === undefined || encodeValue(key, before) !== encodeValue(key, here);
}

/** What is known about a session besides its data; times are seconds since 1970 on the store's clock. */
export interface SessionInfo {
  /** The public name of the session, for lists, logs and `revoke`. Undefined while it is not stored. */
  readonly handle: string | undefined;
  readonly userId: string | undefined;
  /** When it was created, or its user signed in. */
  readonly createdAt: number | undefined;
  /** When it ends if no further request comes. */
  readonly expiresAt: number | undefined;
  readonly absoluteExpiresAt: number | undefined;
  readonly persistent: boolean;
  /** Whether it is stored and has not ended; false for everything before the first commit. */
  readonly stored: boolean;
}

/** Tells about a session as it was at load or after the last commit; marks do not show. */
export function info(session: object): SessionInfo {
  const live = liveOf(session);
  const record = live.state === "ended" ? undefined : live.record;
  return {
    handle: record === undefined ? undefined : live.handle,
    userId: record?.userId ?? undefined,
    createdAt: record && record.absoluteExpiresAt - readHead(record.head).absoluteTimeout,
    expiresAt: record?.expiresAt,
    absoluteExpiresAt: record?.absoluteExpiresAt,
    persistent: record ? readHead(record.head).persistent : live.engine.options.cookie.persistent,
    stored: record !== undefined,
  };
}

function changeable(session: object, verb: string): Live {
  const live = writableOf(session, verb);
  if (live.state === "ended" || live.mark?.verb === "destroy") {
    throw new StateError(
      "ended",
      `${verb}: the session was ended in this request. Let a new request begin a new one.`,
    );
  }
  if (live.headersSent) {
    throw new StateError(
      "headers_sent",
      `The response has begun, so the cookie that ${verb} needs cannot be sent. Do it before the first byte.`,
    );
  }
  return live;
}
