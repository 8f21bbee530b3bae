import type { Awaitable, SessionData } from "../backends/backend.ts";
import { commitLive } from "../core/commit.ts";
import type { LoadOptions } from "../core/load.ts";
import { carrierOf, noStore, varyOnSession, warnIfDropped } from "../core/response-headers.ts";
import { currentOf, liveOf, replaceData, type Session } from "../core/session.ts";
import { farewellsOf, type Sessions } from "../core/sessions.ts";

/** One web Request's use of one session. */
export class WebVisit {
  readonly sessions: Sessions<SessionData>;
  readonly as: string;
  readonly #request: Request;
  #options: LoadOptions | undefined;
  #session: Session<SessionData> | undefined;
  #over = false;
  #headSent = false;
  #cookie: string | undefined;
  /** Whether anybody has looked at the session: the answer depends on the cookie from then on. */
  looked = false;

  constructor(sessions: Sessions<SessionData>, as: string, request: Request) {
    this.sessions = sessions;
    this.as = as;
    this.#request = request;
  }

  /** Finds the session that the request stands for; answers a promise only if the back-end does. */
  load(options: LoadOptions | undefined): Promise<void> | undefined {
    const { headers } = this.#request;
    const { header } = this.sessions.options;
    const token = header === undefined ? null : headers.get(header);
    this.#options = token === null ? options : { ...options, token };
    const cookie = headers.get("cookie");
    // Without anything to go by, an empty session is made at the first look.
    if (cookie === null && token === null) return undefined;
    const loaded = this.sessions.load(cookie, this.#options);
    if (loaded instanceof Promise) {
      return loaded.then((session) => {
        this.#session = session;
      });
    }
    this.#session = loaded;
    return undefined;
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

  /** Puts other data in the place of the session's. */
  replace(data: object): void {
    replaceData(this.look(), data);
  }

  /** Saves now what has changed until now; a cookie that is due still goes with the head. */
  save(): Awaitable<void> {
    if (this.looked && !this.#over) return commitLive(liveOf(this.#session!));
  }

  /** Saves before the head leaves; answers a promise only if the back-end does. */
  commit(): Promise<void> | undefined {
    this.#headSent = true;
    if (this.#session === undefined || this.#over) return undefined;
    const cookie = this.sessions.commit(this.#session);
    if (cookie instanceof Promise) {
      return cookie.then((line) => {
        this.#cookie = line;
      });
    }
    this.#cookie = cookie;
    return undefined;
  }

  /** Saves what changed since the head left. */
  commitLate(): unknown {
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

  /** Whether this request does without. */
  get skipped(): boolean {
    return this.#options?.skip === true;
  }

  get owesCookie(): boolean {
    return this.#cookie !== undefined;
  }

  get owesHeaders(): boolean {
    return this.#cookie !== undefined || (this.looked && !this.skipped);
  }

  /** Adds what a response owes if its session was looked at, and if it sets our cookie. */
  addHeaders(headers: Pick<Headers, "get" | "set" | "append">): void {
    if (!this.owesHeaders) return;
    const vary = headers.get("Vary");
    const merged = varyOnSession(vary, this.sessions);
    if (merged !== vary) headers.set("Vary", merged);
    const cookie = this.#cookie;
    if (cookie === undefined) return;
    headers.set("Cache-Control", noStore(headers.get("Cache-Control")));
    const carrier = carrierOf(this.sessions, this.#options?.token);
    if (carrier !== "Set-Cookie") {
      headers.set(carrier, cookie);
      return;
    }
    this.#warnIfDropped();
    for (const line of farewellsOf(this.#session!)) headers.append("Set-Cookie", line);
    headers.append("Set-Cookie", cookie);
  }

  #warnIfDropped(): void {
    const { headers, url } = this.#request;
    const { protocol, host } = new URL(url);
    warnIfDropped(this.sessions, {
      secure: protocol === "https:",
      host: headers.get("host") ?? host,
      forwardedProto: headers.get("x-forwarded-proto"),
    });
  }
}
