import type { StoredCookie } from "./cookie.ts";

/** A request, as far as express-session puts something on it. */
export interface SessionRequest {
  sessionID?: string;
  session?: unknown;
}

/** What express-session makes sessions of. */
export interface Classes {
  readonly Session: new (req: object, data: object) => object;
  /** Its `Cookie` cannot be had from an instance, but what an instance can do can. */
  readonly cookiePrototype: object;
}

/** Has express-session make a new session, and looks what it is made of, without a trace on the request. */
export function classesOf(generate: (req: object) => void, req: object): Classes {
  const aside = Object.create(req) as { session: { cookie: object } };
  generate(aside);
  const { constructor: Session } = Object.getPrototypeOf(aside.session) as { constructor: unknown };
  return {
    Session: Session as Classes["Session"],
    cookiePrototype: Object.getPrototypeOf(aside.session.cookie),
  };
}

/** Makes `req.session` of stored data, as express-session's own `Store` does. */
export function inflate({ Session, cookiePrototype }: Classes, req: SessionRequest, data: object): object {
  const given = (data as { cookie: StoredCookie }).cookie;
  const { data: _, expires = null, originalMaxAge, ...attributes } = given;
  const cookie: StoredCookie = Object.create(cookiePrototype);
  Object.assign(cookie, { path: "/", httpOnly: true }, attributes);
  cookie.expires = typeof expires === "string" ? new Date(expires) : expires;
  // Given a deadline, it counted the maximum age anew.
  cookie.originalMaxAge = originalMaxAge;
  const session = new Session(req, Object.assign(data, { cookie }));
  req.session = session;
  return session;
}
