import type { Awaitable, SessionData } from "../backends/backend.ts";
import { warnIfDropped } from "../core/response-headers.ts";
import { replaceData, type Session } from "../core/session.ts";
import type { Sessions } from "../core/sessions.ts";
import type { NodeRequest } from "./_response.ts";

const VISIT: unique symbol = Symbol("micropie.visit");

const PROPERTY: PropertyDescriptor & ThisType<{ [VISIT]: Visit }> = {
  configurable: true,
  enumerable: true,
  get() {
    return this[VISIT].look();
  },
  set(data: object) {
    replaceData(this[VISIT].look(), data);
  },
};

/** One Node request's use of its session, behind the property `session` of the request. */
export class Visit {
  readonly sessions: Sessions<SessionData>;
  readonly http2: boolean;
  readonly #req: NodeRequest;
  #session: Session<SessionData> | undefined;
  #over = false;
  #headSent = false;
  #cookie: string | undefined;
  /** Whether anybody has looked at the session: the answer depends on the cookie from then on. */
  looked = false;

  constructor(sessions: Sessions<SessionData>, req: NodeRequest) {
    this.sessions = sessions;
    this.http2 = req.httpVersionMajor >= 2;
    this.#req = req;
    (req as unknown as { [VISIT]: Visit })[VISIT] = this;
    Object.defineProperty(req, "session", PROPERTY);
  }

  /** The session that was loaded; without one, an empty session is made at the first look. */
  set session(session: Session<SessionData>) {
    this.#session = session;
  }

  look(): Session<SessionData> {
    this.looked = true;
    if (this.#session === undefined) {
      this.#session = this.sessions.load(undefined) as Session<SessionData>;
      // After the head, so that what needs a cookie is refused.
      if (this.#headSent) void this.sessions.commit(this.#session);
    }
    return this.#session;
  }

  /** Saves before the head leaves, keeping the cookie for it. */
  commit(): Awaitable<void> {
    this.#headSent = true;
    if (this.#session === undefined || this.#over) return;
    const cookie = this.sessions.commit(this.#session);
    if (!(cookie instanceof Promise)) {
      this.#cookie = cookie;
      return;
    }
    return cookie.then((line) => {
      this.#cookie = line;
    });
  }

  /** Saves what changed since the head left. */
  commitLate(): Awaitable<unknown> {
    return this.looked && !this.#over ? this.sessions.commit(this.#session!) : undefined;
  }

  /** Drops what was not saved. */
  discard(): void {
    this.#headSent = true;
    if (this.#session === undefined || this.#over) return;
    this.#over = true;
    // What the handler saved itself with `commit` stays, and its cookie goes with the error answer.
    const owed = this.sessions.discard(this.#session);
    this.#cookie ??= owed;
  }

  /** The Set-Cookie line that the head must carry. */
  get cookie(): string | undefined {
    if (this.#cookie !== undefined) this.#warnIfDropped();
    return this.#cookie;
  }

  #warnIfDropped(): void {
    const { headers, socket } = this.#req;
    warnIfDropped(this.sessions, {
      secure: this.http2 ? headers[":scheme"] === "https" : "encrypted" in socket,
      host: headers.host ?? headers[":authority"]?.toString(),
      forwardedProto: headers["x-forwarded-proto"]?.toString(),
    });
  }
}
