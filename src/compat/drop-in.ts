import type expressSession from "express-session";
import type { Duration } from "../duration.ts";
import { ConfigError } from "../errors.ts";
import { addDue } from "../visit/answer.ts";
import { Hold, holdOf } from "../visit/hold.ts";
import { printError } from "../visit/printed.ts";
import { isUpgrade, onHead } from "../visit/upgrade.ts";
import { Cookie as OurCookie } from "./_cookie.ts";
import { type MemoryStoreOptions, MemoryStore as OurMemoryStore } from "./_memory-store.ts";
import { type CookieWishes, type Options, resolveOptions } from "./_options.ts";
import { type AnyRequest, isSecure, pathOf, presentedIds } from "./_request.ts";
import { begin, inflate, Session as OurSession, type SessionRequest } from "./_session.ts";
import { Store as OurStore } from "./_store.ts";
import { Visit } from "./_visit.ts";

export type { CookieOptions, SessionData } from "express-session";
export type { MemoryStoreOptions } from "./_memory-store.ts";

/** The options of express-session 1.19, and two more. */
export interface SessionOptions extends expressSession.SessionOptions {
  /** How long one call of the store may take; the request then fails with BackendError, status 503. Default 5 s. */
  storeTimeout?: Duration | undefined;
  /**
   * Whether the response that sets the cookie gets `Vary: Cookie` and `Cache-Control: no-store`. With false, the
   * application must keep shared caches from storing it, or one user's cookie goes to others (RFC 9111 7.3). Default true.
   */
  headers?: boolean | undefined;
}

/** The base of stores, as in express-session: a store that extends that one's works as well. */
export const Store: typeof expressSession.Store = OurStore as unknown as typeof expressSession.Store;
export type Store = expressSession.Store;

/** What `req.session` is. */
export const Session: typeof expressSession.Session = OurSession as unknown as typeof expressSession.Session;
export type Session = expressSession.Session;

/** What `req.session.cookie` is. */
export const Cookie: CookieClass = OurCookie as unknown as CookieClass;
export type Cookie = expressSession.Cookie;
type CookieClass = typeof expressSession.Cookie &
  (new (
    options?: expressSession.CookieOptions,
  ) => expressSession.Cookie);

/** Sessions in the memory of one process: bounded, and expired ones are removed. */
export const MemoryStore: MemoryStoreClass = OurMemoryStore as unknown as MemoryStoreClass;
type MemoryStoreClass = typeof expressSession.MemoryStore &
  (new (
    options?: MemoryStoreOptions,
  ) => expressSession.MemoryStore);
export type MemoryStore = expressSession.MemoryStore;

/** The function and its properties, as express-session exports them. */
export interface ExpressSession {
  (options?: SessionOptions): ReturnType<typeof expressSession>;
  Store: typeof expressSession.Store;
  Session: typeof expressSession.Session;
  Cookie: CookieClass;
  MemoryStore: MemoryStoreClass;
}

type Request = AnyRequest & SessionRequest & { session?: unknown };
type Response = ConstructorParameters<typeof Hold>[1];
type Next = (error?: unknown) => void;

/** How each request gets its new sessions: several middlewares may share one store. */
const makers = new WeakMap<object, (req: Request) => void>();

/**
 * express-session 1.19 with the same options, stores, cookies and records, so that servers with the one and with the
 * other run side by side. What differs is on purpose: the answer waits until the session is stored, whatever way it is
 * given; a session that cannot be read or stored goes to `next(error)`; parallel requests keep what each has changed;
 * a session that has ended stays ended; nothing is written that did not change (docs/compat.md).
 *
 * Throws ConfigError that names the option which is wrong.
 */
function create(options: SessionOptions = { secret: "" }): ReturnType<typeof expressSession> {
  const resolved = resolveOptions(options, create);
  const { desk, name } = resolved;
  const make = (req: Request): void => generate(resolved, req);
  desk.store.generate = (req) => (makers.get(req) ?? make)(req as Request);

  // Its name is what tools know it by in an application's stack.
  const middleware = function session(req: Request, res: Response, next: Next): unknown {
    if (req.session || !pathOf(req).startsWith(String(resolved.cookieFor(req).path || "/"))) return next();
    const secrets = resolved.secrets ?? (req.secret ? [req.secret as string] : undefined);
    if (secrets === undefined) {
      return next(new ConfigError("secret", "secret option required for sessions."));
    }
    req.sessionStore = desk.store;
    makers.set(req, make);
    const begun = (cookieId?: string): unknown => {
      hold(new Visit(resolved, req, secrets[0]!, cookieId, teller(res, next)), req, res, next);
      return next();
    };
    const ids = presentedIds(req, name, secrets);
    if (ids.length > 0) return find(resolved, req, ids).then(begun, next);
    desk.store.generate!(req);
    return begun();
  };
  return middleware as unknown as ReturnType<typeof expressSession>;
}

/** Gives the request the session of the first of these ids that has one, or else a new one. Answers the browser's id. */
async function find({ desk }: Options, req: Request, ids: readonly string[]): Promise<string> {
  for (const id of ids) {
    const since = desk.count;
    req.sessionID = id;
    const record = await desk.read(id);
    if (record === undefined) continue;
    inflate(req, record, since);
    return id;
  }
  desk.store.generate!(req);
  return ids[0]!;
}

function generate({ desk, genid, cookieFor, proxy }: Options, req: Request): void {
  let cookie: CookieWishes = cookieFor(req);
  const secure = isSecure(req, proxy);
  if (cookie.secure === "auto") cookie = { ...cookie, secure };
  if (cookie.sameSite === "auto") cookie = { ...cookie, sameSite: secure ? "none" : "lax" };
  begin(req, genid(req), cookie, desk.count);
}

/** Tells `next` of an error that is no reason to change the answer, once that has left: as express-session does. */
function teller(res: Response, next: Next): (error: unknown) => void {
  return (error) => {
    if (isUpgrade(res)) return printError(error);
    res.once("finish", () => {
      try {
        next(error);
      } catch (thrown) {
        // An error handler that answers, though there is an answer.
        printError(thrown);
      }
    });
  };
}

/** Makes the answer wait for the session. A WebSocket's upgrade comes with an answer that cannot wait, or with none. */
function hold(visit: Visit, req: Request, res: Response, next: Next): void {
  if (isUpgrade(res)) {
    onHead(res, (headers) => {
      visit.leave();
      addDue(headers, visit);
    });
    return;
  }
  const held = holdOf(res) ?? new Hold(req, res, printError, next);
  held.uses.push(visit);
}

const session: ExpressSession = Object.assign(create, { Store, Session, Cookie, MemoryStore });

/** What express-session's types have beside the function. */
declare namespace session {
  export type SessionOptions = expressSession.SessionOptions & {
    storeTimeout?: Duration | undefined;
    headers?: boolean | undefined;
  };
  export type SessionData = expressSession.SessionData;
  export type CookieOptions = expressSession.CookieOptions;
  export type Store = expressSession.Store;
  export type Session = expressSession.Session;
  export type Cookie = expressSession.Cookie;
  export type MemoryStore = expressSession.MemoryStore;
}

export { session as default, session as "module.exports" };
