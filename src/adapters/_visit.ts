import type { Awaitable, SessionData } from "../backends/backend.ts";
import { saveNow } from "../core/commit.ts";
import { revert } from "../core/fill.ts";
import type { LoadOptions } from "../core/load.ts";
import { carrierOf, noStore, varyOnSession, warnIfDropped } from "../core/response-headers.ts";
import { currentOf, type Session, stateOf } from "../core/session.ts";
import { farewellsOf, type Sessions } from "../core/sessions.ts";
import { assign } from "./_assign.ts";
import type { HeldResponse, NodeRequest } from "./_response.ts";
import type { HeldVisit } from "./_visits.ts";

const properties = new Map<string, { key: symbol; property: PropertyDescriptor }>();

/** One for each name, or making a property would cost more than all the rest. */
function propertyOf(as: string): { key: symbol; property: PropertyDescriptor } {
  let known = properties.get(as);
  if (known === undefined) {
    const key = Symbol(`micropie.${as}`);
    const property: PropertyDescriptor & ThisType<{ [key]: Visit }> = {
      configurable: true,
      enumerable: true,
      get() {
        return this[key]!.look();
      },
      set(data: object | null | undefined) {
        assign(this[key]!.look(), data);
      },
    };
    known = { key, property };
    properties.set(as, known);
  }
  return known;
}

/** One Node request's use of one session, behind a property of the request. */
export class Visit implements HeldVisit {
  readonly sessions: Sessions<SessionData>;
  readonly as: string;
  readonly http2: boolean;
  readonly #req: NodeRequest;
  #options: LoadOptions | undefined;
  #session: Session<SessionData> | undefined;
  #over = false;
  #headSent = false;
  #cookie: string | undefined;
  /** Whether anybody has looked at the session: the answer depends on the cookie from then on. */
  looked = false;

  /** `req` gets the property, unless the adapter has another place for it. */
  constructor(sessions: Sessions<SessionData>, req: NodeRequest, as: string, elsewhere = false) {
    this.sessions = sessions;
    this.as = as;
    this.http2 = req.httpVersionMajor >= 2;
    this.#req = req;
    if (elsewhere) return;
    const { key, property } = propertyOf(as);
    (req as unknown as Record<symbol, Visit>)[key] = this;
    Object.defineProperty(req, as, property);
  }

  /** Finds the session that the request stands for; answers a promise only if the back-end does. */
  load(options: LoadOptions | undefined): Promise<void> | undefined {
    const { headers } = this.#req;
    const { header } = this.sessions.options;
    const token = header === undefined ? undefined : headers[header];
    this.#options = token === undefined ? options : { ...options, token: String(token) };
    const { cookie } = headers;
    // Without anything to go by, an empty session is made at the first look.
    if (cookie === undefined && token === undefined) return undefined;
    const loaded = this.sessions.load(cookie, this.#options);
    if (loaded instanceof Promise) return loaded.then((session) => this.#take(session));
    this.#take(loaded);
    return undefined;
  }

  /** While it was awaited, the request may have been given up, or its head may have left. */
  #take(session: Session<SessionData>): void {
    this.#session = session;
    if (this.#headSent) stateOf(session)!.headersSent = true;
    if (this.#over) this.sessions.discard(session);
  }

  look(): Session<SessionData> {
    this.looked = true;
    if (this.#session === undefined) {
      this.#session = this.sessions.load(undefined, this.#options) as Session<SessionData>;
      // After the head, so that what needs a cookie is refused.
      if (this.#headSent) void this.sessions.commit(this.#session);
    }
    return currentOf(this.#session);
  }

  /** Saves now what has changed until now; what it throws, the framework answers. */
  save(): Awaitable<void> {
    if (this.#session !== undefined && !this.#over) return saveNow(this.#session);
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

  /** Drops what was not saved, but the request has its session still: what changes from now on is saved. */
  revert(): Awaitable<void> {
    const live = this.#session === undefined || this.#over ? undefined : stateOf(this.#session);
    if (live === undefined || live.state === "ended") return;
    return live.busy === undefined ? revert(live) : live.busy.then(() => this.revert());
  }

  /** Drops what was not saved. */
  discard(): void {
    this.#headSent = true;
    if (this.#over) return;
    this.#over = true;
    if (this.#session === undefined) return;
    // What the handler saved itself with `commit` stays, and its cookie goes with the error answer.
    const owed = this.sessions.discard(this.#session);
    this.#cookie ??= owed;
  }

  get owesHeaders(): boolean {
    return this.#cookie !== undefined || (this.looked && !this.#options?.skip);
  }

  /** Adds what a response owes if its session was looked at, and if it sets our cookie. */
  addHeaders(res: HeldResponse): void {
    if (!this.owesHeaders) return;
    const vary = res.getHeader("Vary");
    const merged = varyOnSession(textOf(vary), this.sessions);
    if (merged !== vary) res.setHeader("Vary", merged);
    const cookie = this.#cookie;
    if (cookie === undefined) return;
    res.setHeader("Cache-Control", noStore(textOf(res.getHeader("Cache-Control"))));
    const carrier = carrierOf(this.sessions, this.#options?.token);
    if (carrier !== "Set-Cookie") {
      res.setHeader(carrier, cookie);
      return;
    }
    this.#warnIfDropped();
    const others = res.getHeader("Set-Cookie");
    const farewells = farewellsOf(this.#session!);
    res.setHeader(
      "Set-Cookie",
      others === undefined && farewells.length === 0
        ? cookie
        : [others ?? []].flat().map(String).concat(farewells, cookie),
    );
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

function textOf(value: ReturnType<HeldResponse["getHeader"]>): string | undefined {
  return Array.isArray(value) ? value.join(", ") : value?.toString();
}
