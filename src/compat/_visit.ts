import type { CipherKey } from "node:crypto";
import type { Awaitable } from "../backends/backend.ts";
import type { Use } from "../visit/use.ts";
import { warn } from "../warning.ts";
import { Cookie, inflateCookie, plainCookie, setCookieLine } from "./_cookie.ts";
import { followed } from "./_follow.ts";
import { differ, isChanged, type Known, know, knownOf, type Texts, takeBack, textsOf } from "./_known.ts";
import type { Options } from "./_options.ts";
import { type AnyRequest, isSecure } from "./_request.ts";
import { asObject, Session, type SessionRequest } from "./_session.ts";
import { signed } from "./_signed-ids.ts";
import { isAlive, isStored, type Outcome, touch, write } from "./_write.ts";

/** Milliseconds of streaming after which the end of an answer moves the session's deadline once more. */
const LONG = 60_000;

/** One request's use of its session: stores what changed before the head leaves, and again at the end of a stream. */
export class Visit implements Use {
  /** express-session leaves it to the application. */
  readonly varies = false;
  readonly vary = "Cookie";
  readonly bare: boolean;
  line: string | undefined;
  readonly #req: AnyRequest & SessionRequest;
  readonly #options: Options;
  readonly #secret: CipherKey;
  /** The id that the browser's cookie holds, whether there is such a session or not. */
  readonly #cookieId: string | undefined;
  /** Gets the failures that do not become the answer. */
  readonly #tell: (error: unknown) => void;
  readonly #originalId: string;
  readonly #original: Texts;
  readonly #since: number;
  #touchedAt: number | undefined;
  #over = false;

  /** To be made when the request has its session. */
  constructor(
    options: Options,
    req: AnyRequest & SessionRequest,
    secret: CipherKey,
    cookieId: string | undefined,
    tell: (error: unknown) => void,
  ) {
    this.bare = !options.headers;
    this.#req = req;
    this.#options = options;
    this.#secret = secret;
    this.#cookieId = cookieId;
    this.#tell = tell;
    this.#originalId = req.sessionID;
    this.#since = options.desk.count;
    const session = req.session as Session;
    this.#original = knownOf(session)?.texts ?? textsOf(asObject(session));
  }

  commit(): Awaitable<unknown> {
    const running = followed(this.#req);
    return running === undefined ? this.#commit() : running.then(() => this.#commit());
  }

  /** express-session stores what a handler did before it failed. */
  commitFailed(): Awaitable<unknown> {
    return this.commit();
  }

  commitLate(): Awaitable<unknown> {
    if (this.#over) return;
    const running = followed(this.#req);
    return running === undefined ? this.#commitLate() : running.then(() => this.#commitLate());
  }

  /** For a head that does not wait: begins to save, and sets the line that the head has to carry. */
  leave(): void {
    try {
      const found = this.#isTakenOver() ? undefined : this.#session();
      found?.[0].touch();
      if (found !== undefined && this.#needsCookie(found[0])) this.#setCookie(found[0]);
      void Promise.resolve(this.commit()).catch(this.#tell);
    } catch (error) {
      this.#tell(error);
    }
  }

  discard(): void {
    this.#over = true;
    if (this.#isTakenOver()) return;
    const { session } = this.#req;
    if (!(session instanceof Session) || session.id === this.#cookieId || !knownOf(session)?.stored) return;
    try {
      // What the handler has saved itself stays, and its cookie goes with the error answer.
      this.#setCookie(session);
    } catch {
      // That is the error.
    }
  }

  #commit(): Awaitable<unknown> {
    if (this.#isTakenOver()) return;
    const found = this.#session();
    if (found === undefined) return this.#unset();
    const [session, known] = found;
    takeBack(asObject(session), known);
    session.touch();
    this.#touchedAt = performance.now();
    const sendsCookie = this.#needsCookie(session);
    // What cannot be sent is not stored either.
    if (sendsCookie) setCookieLine(this.#options.name, "", session.cookie.data);
    const kept = this.#keep(session, known, sendsCookie);
    if (kept === undefined) return;
    return kept.then((alive) => {
      // From now on the browser has its id, and other requests may come with it.
      known.own = false;
      if (sendsCookie && (alive || isOver(session))) this.#setCookie(session);
    });
  }

  /** Returns true if the session is still there; undefined if nothing is to be done for it. */
  #keep(session: Session, known: Known, sendsCookie: boolean): Promise<boolean> | undefined {
    const { desk } = this.#options;
    const object = asObject(session);
    const canTouch = typeof desk.store.touch === "function";
    const isHis = session.id === this.#cookieId;
    if (this.#needsSave(session, known)) {
      const isNew = !known.stored || isChanged(object, known);
      const work = write(desk, object, known);
      const written = isNew ? work.then(isStored) : this.#prolonged(work);
      if (!desk.merges || !sendsCookie || !isHis) return written;
      return written.then(() => isAlive(desk, object, known));
    }
    if (!isHis || !known.stored) return known.stored ? Promise.resolve(true) : undefined;
    const touched = async (): Promise<boolean> => {
      return canTouch ? this.#prolonged(touch(desk, object, known)) : true;
    };
    if (!sendsCookie) return touched();
    // A late cookie of a session that has ended would replace that of the next one.
    return isAlive(desk, object, known).then((alive) => alive && touched());
  }

  /** Nothing of the user's is at stake, so a failure is told, and the answer goes out. Returns true unless it has ended. */
  #prolonged(work: Promise<Outcome>): Promise<boolean> {
    return work.then(isStored, (error: unknown) => {
      this.#tell(error);
      return true;
    });
  }

  #needsSave(session: Session, known: Known): boolean {
    const { saveUninitialized, resave } = this.#options;
    if (known.stored) return isChanged(asObject(session), known) || (resave && !known.written);
    return saveUninitialized || this.#isModified(session);
  }

  #needsCookie(session: Session): boolean {
    if (this.#req.sessionID !== this.#cookieId)
      return this.#options.saveUninitialized || this.#isModified(session);
    return this.#options.rolling || (session.cookie.expires != null && this.#isModified(session));
  }

  /** Whether it is another session than the request began with, or another data. The cookie does not count. */
  #isModified(session: Session): boolean {
    return session.id !== this.#originalId || differ(this.#original, textsOf(asObject(session)));
  }

  #setCookie(session: Session): void {
    if (session.cookie.secure && !isSecure(this.#req, this.#options.proxy)) {
      warnOfPlainHttp();
      return;
    }
    const value = signed(this.#req.sessionID, this.#secret);
    this.line = setCookieLine(this.#options.name, value, session.cookie.data);
  }

  #commitLate(): Awaitable<unknown> {
    if (this.#isTakenOver()) return;
    const found = this.#session();
    if (found === undefined) return this.#unset();
    const [session, known] = found;
    const object = asObject(session);
    takeBack(object, known);
    if (!known.stored) return this.#isModified(session) ? warnOfLateSession() : undefined;
    const { desk } = this.#options;
    if (isChanged(object, known)) {
      session.touch();
      return write(desk, object, known);
    }
    if (performance.now() - (this.#touchedAt ?? 0) < LONG || typeof desk.store.touch !== "function") return;
    session.touch();
    return this.#prolonged(touch(desk, object, known));
  }

  /** Whether another middleware has given the request a session of its own since. */
  #isTakenOver(): boolean {
    return Object.getOwnPropertyDescriptor(this.#req, "session")?.get !== undefined;
  }

  /** The session that is now the request's. Throws TypeError for anything else that was put in its place. */
  #session(): [Session, Known] | undefined {
    const { session, sessionID } = this.#req;
    if (session === undefined || session === null) return undefined;
    // Without an id there is nothing to store.
    if (typeof sessionID !== "string") return undefined;
    if (!(session instanceof Session)) {
      throw new TypeError("req.session was replaced by something that is no session. Set its keys, or null.");
    }
    if (!(session.cookie instanceof Cookie)) session.cookie = inflateCookie(plainCookie(session.cookie));
    return [session, knownOf(session) ?? know(asObject(session), false, this.#since)];
  }

  /** `req.session = null`, or its `destroy` was called. */
  #unset(): Awaitable<unknown> {
    const { unsetDestroys, desk } = this.#options;
    const { session, sessionID } = this.#req;
    if (!unsetDestroys || !sessionID || (session !== undefined && session !== null)) return;
    this.#over = true;
    if (desk.buried(sessionID, this.#since)) return;
    desk.bury(sessionID);
    return desk.alone(sessionID, () => desk.call("destroy", (done) => desk.store.destroy(sessionID, done)));
  }
}

/** Whether the handler has ended it by its cookie, which then takes itself away from the browser. */
function isOver({ cookie }: Session): boolean {
  return cookie.expires instanceof Date && cookie.expires.getTime() <= Date.now();
}

const warned = new Set<string>();

function warnOnce(code: string, message: string): void {
  if (warned.has(code)) return;
  warned.add(code);
  warn(code, message);
}

function warnOfPlainHttp(): void {
  warnOnce(
    "MICROPIE_COOKIE_DROPPED",
    "The session's cookie is secure, and the request came over plain http, so none was sent and every request starts a " +
      'new session. Behind a proxy, set app.set("trust proxy", 1), or the option proxy: true.',
  );
}

function warnOfLateSession(): void {
  warnOnce(
    "MICROPIE_LATE_SESSION",
    "A session was begun after the head of the answer had left, too late for its cookie. It is not stored.",
  );
}
