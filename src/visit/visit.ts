import type { Awaitable, SessionData } from "../backends/backend.ts";
import type { BoundDue } from "../core/bound.ts";
import { chain } from "../core/call.ts";
import { cameFrom } from "../core/came-from.ts";
import { close, commit, drop, finish } from "../core/commit.ts";
import { ENGINE, type Live, type LoadOptions } from "../core/live.ts";
import { load } from "../core/load.ts";
import type { Session } from "../core/session.ts";
import { farewellsOf } from "../core/sessions.ts";
import { takeBack } from "../core/take-back.ts";
import { hasEnded, headSent, hearRefusals, isSignedIn, revertNow, unawaited } from "../core/told.ts";
import { type AccessError, StateError } from "../errors.ts";
import { assign } from "./assign.ts";
import { connectionOf, hintAtPrefix, warnIfDropped } from "./dropped-cookie.ts";
import { leadTo, rethrow } from "./error-parts.ts";
import { isSame, type Mount } from "./mount.ts";
import { type AnyRequest, hasLeft, headerOf, pathOf } from "./request.ts";
import { Sender } from "./sender.ts";
import { type SignIn, signInPage } from "./sign-in.ts";
import type { Use, Watcher } from "./use.ts";

/** Returns true if the request has these sessions. Throws ConfigError if other sessions have their name or cookie. */
export function isMounted(uses: readonly Use[], mount: Mount): boolean {
  return uses.some((use) => use instanceof Visit && isSame(use.mount, mount));
}

/** The use of one session by one request. */
export class Visit extends Sender implements Use {
  readonly vary: string;
  #options: LoadOptions | undefined;
  #live: Live | undefined;
  #isLoaded = false;
  #isHeadSent = false;
  #isOver = false;
  #isBarred = false;
  /** Whether anybody has looked at the session. */
  looked = false;
  /** Whether the request is one of those without a session. */
  skipped = false;
  varies: boolean;
  isPrivate = false;
  line: string | undefined;
  bound: BoundDue | undefined;
  watcher: Watcher | undefined;
  /** What a guard has thrown, if the option `signIn` says where users sign in. */
  refusal: AccessError | undefined;

  constructor(mount: Mount, request: AnyRequest) {
    super(mount, request);
    this.vary = mount.vary;
    this.varies = mount.varies;
  }

  /**
   * Loads the session of the request. Synchronous if the back-end is. `context` is passed to the functions among
   * the options of the mount; `given` replaces these options. Throws as `Sessions.load` does.
   */
  load(context: unknown, given?: LoadOptions): Promise<void> | undefined {
    const { sessions, usual, wants, isIdle, isOutside, outside } = this.mount;
    const engine = sessions[ENGINE];
    this.context = context;
    const { tokenHeader: header } = engine.options;
    const token = header === undefined ? undefined : headerOf(this.request, header);
    let options = given ?? (wants === undefined ? usual : wants(context as never));
    if (isOutside !== undefined && token === undefined && isOutside(context as never)) options = outside;
    this.skipped = Boolean(options?.skip);
    if (this.skipped) this.varies = false;
    else if (this.mount.csrf !== undefined) this.refuseCrossSite();
    this.#options = token === undefined ? options : { ...options, token };
    const cookie = headerOf(this.request, "cookie");
    // Without a cookie the session is empty. It is made when somebody looks at it, unless a schema may have to be awaited.
    if (!cookie && token === undefined && engine.options.schema === undefined) {
      this.#isLoaded = true;
      return undefined;
    }
    if (isIdle?.(context as never) || headerOf(this.request, "sec-purpose")?.startsWith("prefetch"))
      this.#options = { ...this.#options, idle: true };
    if (engine.bound?.isElsewhere?.(pathOf(this.request)))
      this.#options = { ...this.#options, lenient: true };
    const loaded = load(engine, cookie, this.#options);
    if (loaded instanceof Promise)
      return loaded.then((live) => {
        this.#isLoaded = true;
        this.#live = live;
        cameFrom(live, this);
        // Meanwhile the head of the response may have left, or the request may have been given up.
        if (this.#isHeadSent) headSent(live.data);
        if (this.#isOver) drop(live);
        else if (this.exclusive && hasLeft(this.request)) {
          this.discard();
          throw new StateError("client_left", "The client has left while its request waited for its turn.");
        }
      });
    this.#isLoaded = true;
    this.#live = loaded;
    cameFrom(loaded, this);
    if (this.#isHeadSent) headSent(loaded.data);
    return undefined;
  }

  /** Loads the session, then returns what `go` returns. Errors go to `refuse`. Synchronous if the back-end is. */
  begin<R>(context: unknown, go: () => R, refuse: (error: unknown) => R = rethrow): R | Promise<R> {
    let loading: Promise<void> | undefined;
    try {
      loading = this.load(context);
    } catch (error) {
      return refuse(error);
    }
    return loading === undefined ? go() : loading.then(go, refuse);
  }

  /** The session object. Another one after `regenerate`. Throws StateError `not_live` before it is loaded. */
  get session(): Session {
    if (!this.looked) {
      if (this.#isBarred && this.#isHeadSent && !this.varies) throw new StateError("headers_sent", BARRED);
      this.looked = true;
      this.varies = !this.skipped;
      if (this.mount.sessions.options.private) this.#keepNothing();
      if (this.varies) this.watcher?.looked(this);
      if (this.mount.signIn !== undefined) this.#hearRefusals(this.mount.signIn);
    }
    return (this.#live ?? this.#open()).data as Session;
  }

  #hearRefusals(signIn: SignIn): void {
    hearRefusals((this.#live ?? this.#open()).data, (error) => {
      this.refusal = error;
      leadTo(error, signInPage(signIn, error, this.request, this.mount.routed?.(this.context as never)));
    });
  }

  mayLook(): void {
    if (!this.skipped) this.varies = true;
    if (this.mount.sessions.options.private) this.#keepNothing();
  }

  #keepNothing(): void {
    this.isPrivate = this.varies && this.#live !== undefined && isSignedIn(this.#live.data);
  }

  /** Makes the first look throw StateError `headers_sent` if the head has left by then. */
  mustNotLook(): void {
    this.#isBarred = !this.skipped;
  }

  /** See `assign`. */
  set session(data: SessionData | null | undefined) {
    assign(this.session, data);
  }

  get exclusive(): boolean {
    return Boolean(this.#options?.exclusive);
  }

  get carrier(): string | undefined {
    return this.#options?.token === undefined ? undefined : this.mount.sessions.options.tokenHeader;
  }

  get farewells(): readonly string[] {
    return this.#live === undefined ? [] : farewellsOf(this.#live.data);
  }

  /** Saves the changes so far. A cookie that must be set stays for the head. */
  save(): Awaitable<void> {
    if (this.#live === undefined || this.#isOver) return;
    takeBack(this.#live);
    return commit(this.#live);
  }

  commit(): Awaitable<void> {
    this.#isHeadSent = true;
    if (this.#live === undefined || this.#isOver) return;
    const line = finish(this.#live);
    if (line instanceof Promise) return line.then((later) => this.#leave(later));
    this.#leave(line);
  }

  commitFailed(): void {
    this.discard();
  }

  /** The session while the request lasts, if there is one. To read this is no look at it. */
  get unseen(): object | undefined {
    return this.#isOver ? undefined : this.#live?.data;
  }

  /** The last commit: the request is over then. */
  commitLate(): Awaitable<unknown> {
    if (!this.looked || this.#isOver) return undefined;
    return chain(finish(this.#live!), () => this.close());
  }

  /** To be called when everything is saved and nothing more of the answer comes. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#live !== undefined) close(this.#live);
  }

  /** Drops unsaved changes. Later changes are saved. */
  revert(): Awaitable<void> {
    if (this.#live !== undefined && !this.#isOver) return revertNow(this.#live.data);
  }

  unawaited(): void {
    if (this.#live !== undefined) unawaited(this.#live.data);
  }

  discard(): void {
    this.#isHeadSent = true;
    if (this.#isOver) return;
    this.#isOver = true;
    // What the handler committed itself stays, and its cookie is sent with the error answer.
    const line = this.#live && drop(this.#live);
    if (line !== undefined) this.#owe(line);
  }

  #open(): Live {
    if (!this.#isLoaded && !this.#isOver)
      throw new StateError("not_live", "The session is not loaded yet. Look at it in a handler.");
    const live = load(this.mount.sessions[ENGINE], undefined, this.#options) as Live;
    this.#live = live;
    cameFrom(live, this);
    // From now on it refuses what needs a cookie.
    if (this.#isHeadSent) headSent(live.data);
    if (this.#isOver) close(live);
    return live;
  }

  #leave(line: string | undefined): void {
    if (line !== undefined) this.#owe(line);
    const { bound } = this.mount.sessions[ENGINE];
    if (bound === undefined) return;
    const navigates = (): boolean => headerOf(this.request, "sec-fetch-mode") === "navigate";
    this.bound ??= bound.due(this.#live!, navigates, line !== undefined && hasEnded(this.#live!.data));
  }

  #owe(line: string): void {
    if (this.line !== undefined) return;
    this.line = line;
    if (this.carrier !== undefined) return;
    const connection = connectionOf(this.request, (name) => headerOf(this.request, name));
    warnIfDropped(this.mount.sessions, connection);
    hintAtPrefix(this.mount.sessions, connection);
  }
}

const BARRED = "The response has left without Vary: Cookie. Look at the session before you return it.";
