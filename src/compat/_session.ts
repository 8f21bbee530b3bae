import { Cookie, type CookieData, inflateCookie, plainCookie } from "./_cookie.ts";
import { type AnyStore, deskOf } from "./_desk.ts";
import { follow } from "./_follow.ts";
import { know, knownOf, type SessionObject } from "./_known.ts";
import { write, writeAsked } from "./_write.ts";

/** A request, as far as a session is put on it. */
export interface SessionRequest {
  sessionID: string;
  sessionStore: AnyStore;
  session?: unknown;
}

type Callback = (error?: unknown) => void;

/** The session of a request, `req.session`: its data as keys, and methods that no key can hide. */
export class Session {
  declare readonly req: SessionRequest;
  declare readonly id: string;
  declare cookie: Cookie;

  constructor(req: object, data?: object | null) {
    Object.defineProperty(this, "req", { value: req });
    Object.defineProperty(this, "id", { value: (req as SessionRequest).sessionID });
    if (typeof data !== "object" || data === null) return;
    const own = this as unknown as Record<string, unknown>;
    // What has the name of a method stays where it is: in the store.
    for (const [key, value] of Object.entries(data)) if (!(key in own)) own[key] = value;
  }

  /** Counts the maximum age anew. */
  touch(): this {
    return this.resetMaxAge();
  }

  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge;
    return this;
  }

  /**
   * Stores the session now. What could not be stored is not stored later, if the callback takes the error; else the end of
   * the request tries again, and a failure shows there.
   */
  save(callback?: Callback): this {
    const desk = deskOf(this.req.sessionStore);
    const session = asObject(this);
    const known = knownOf(this) ?? know(session, false, desk.count);
    known.refused = undefined;
    const isHeard = callback !== undefined && callback.length > 0;
    const saved = isHeard ? writeAsked(desk, session, known) : write(desk, session, known).catch(() => {});
    follow(this.req, saved, callback);
    return this;
  }

  /** Reads the session again: `req.session` is then another object. */
  reload(callback: Callback): this {
    const { req } = this;
    const desk = deskOf(req.sessionStore);
    const since = desk.count;
    const reloaded = desk.read(this.id).then((data) => {
      if (data === undefined) throw new Error("failed to load session");
      inflate(req, data, since);
    });
    follow(req, reloaded, callback);
    return this;
  }

  /** Ends the session, and takes it off the request. */
  destroy(callback?: Callback): this {
    delete this.req.session;
    const desk = deskOf(this.req.sessionStore);
    // From now on nobody writes to it; whoever is writing goes first.
    desk.bury(this.id);
    const ended = desk.alone(this.id, () =>
      desk.call("destroy", (done) => desk.store.destroy(this.id, done)),
    );
    follow(this.req, ended, callback);
    return this;
  }

  /** Ends the session, and gives the request a new, empty one of another id. */
  regenerate(callback: Callback): this {
    const desk = deskOf(this.req.sessionStore);
    desk.bury(this.id);
    const begun = desk.alone(this.id, () =>
      desk.call("regenerate", (done) => desk.store.regenerate(this.req, done)),
    );
    follow(this.req, begun, callback);
    return this;
  }
}

/** The session as its data. */
export function asObject(session: Session): SessionObject {
  return session as unknown as SessionObject;
}

/** What `Store.createSession` does: makes `req.session` of a record. */
export function createSession(req: SessionRequest, data: object): Session {
  const record = data as { cookie: CookieData };
  record.cookie = inflateCookie(record.cookie);
  const session = new Session(req, data);
  req.session = session;
  return session;
}

/** The same by the store's own method; a session that is of another class then becomes one of ours. */
export function inflate(req: SessionRequest, data: object, since: number): Session {
  req.sessionStore.createSession(req, data);
  let session = req.session as Session;
  if (!(session instanceof Session)) {
    session = new Session(req, session as object);
    session.cookie = inflateCookie(plainCookie(session.cookie));
    req.session = session;
  }
  know(asObject(session), true, since);
  return session;
}

/** A new session for a request, which is not stored yet. */
export function begin(req: SessionRequest, sid: string, cookie: object | undefined, since: number): Session {
  req.sessionID = sid;
  const session = new Session(req);
  session.cookie = new Cookie(cookie);
  req.session = session;
  know(asObject(session), false, since);
  return session;
}
