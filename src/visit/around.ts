import type { Awaitable } from "../backends/backend.ts";
import { SessionError, StateError } from "../errors.ts";
import { type AnswerHeaders, addDue, isDue, isPersonal, linesOf } from "./answer.ts";
import { attempt } from "./attempt.ts";
import { carry, isUpgrade, makingOf } from "./carry.ts";
import { ownResponse } from "./endpoint.ts";
import { errorResponse } from "./error-parts.ts";
import type { Mount } from "./mount.ts";
import { each, refusalOf } from "./use.ts";
import { isMounted, Visit } from "./visit.ts";
import { isOfBytes, watchBody } from "./watch-body.ts";

const AROUND: unique symbol = Symbol("micropie.around");
/** Returns the Around that was made with this place, or undefined. */
export function aroundOf(place: object): Around | undefined {
  return (place as { [AROUND]?: Around })[AROUND];
}

/** Returns the visit of these sessions by whatever handles the request that `place` belongs to, outside of this. */
export function visitAround(place: object, sessions: object): Visit | undefined {
  for (let around = aroundOf(place); around?.isOpen; around = around.outer)
    for (const visit of around.visits) if (visit.mount.sessions === sessions) return visit;
  return undefined;
}

/** One request that is answered with a Response: its sessions, from the first load to the end of the body. */
export class Around {
  /** In the order in which they were mounted. */
  readonly visits: Visit[] = [];
  /** What the framework gives to a handler. */
  readonly context: object;
  /** The one that was made with the same place before. */
  readonly outer: Around | undefined;
  readonly #mount: Mount;
  #isSettled = false;
  #hasFailed = false;
  /** The last response that was made here, for this request alone. */
  #own: Response | undefined;
  /** Whether the body of the response is known not to be a stream; see `makingOf`. */
  isLight = false;

  /** `place` is an object that belongs to this request alone. `aroundOf` finds the Around by it. */
  constructor(mount: Mount, context: object, place: object = context) {
    this.#mount = mount;
    this.context = context;
    this.outer = aroundOf(place);
    (place as { [AROUND]?: Around })[AROUND] = this;
  }

  /** Returns the visit of the session with this name. */
  find(as: string): Visit | undefined {
    for (const visit of this.visits) if (visit.mount.as === as) return visit;
    return undefined;
  }

  /** Adds a session. Returns undefined if the request has it already. Throws as `isSame` does. */
  add(mount: Mount, request: Request): Visit | undefined {
    if (isMounted(this.visits, mount)) return undefined;
    const visit = new Visit(mount, request);
    this.visits.push(visit);
    return visit;
  }

  /** Whether the sessions of the request are not saved yet. */
  get isOpen(): boolean {
    return !this.#isSettled;
  }

  /**
   * Adds the first session and loads it, runs the handler, saves, and returns the response with its headers. An error
   * goes to `refuse`, with the response that is not sent, if there is one.
   */
  async run(
    request: Request,
    handle: (visit: Visit) => Awaitable<Response>,
    refuse?: (error: unknown, response?: Response) => Response,
  ): Promise<Response> {
    const own = this.#mount.endpoint && ownResponse(this.#mount.endpoint, request);
    if (own !== undefined) return own;
    let response: Response | undefined;
    try {
      const visit = new Visit(this.#mount, request);
      this.visits.push(visit);
      const loading = visit.load(this.context);
      if (loading !== undefined) await loading;
      response = await handle(visit);
      if (response.status >= 400) response = this.instead(response);
      if (response.status === 0) this.fail();
      const saving = this.commit();
      if (saving !== undefined) await saving;
    } catch (error) {
      this.discard(error, response);
      return refuse === undefined ? this.refuse(error) : refuse(error, response);
    }
    return this.settle(response);
  }

  /**
   * To be called with a response that may be sent. If its body is a stream, it may look at the session when the head has
   * left. No other body may; see decision 040. Returns whether the body may.
   */
  admit({ body }: Response): boolean {
    if (body === null) return false;
    let isAny = false;
    let step: "mayLook" | "mustNotLook" | undefined;
    for (const visit of this.visits) {
      if (!visit.varies && !visit.skipped) {
        step ??= isOfBytes(body) ? "mustNotLook" : "mayLook";
        visit[step]();
      }
      isAny ||= visit.varies;
    }
    return isAny;
  }

  /** To be called before headers are added, if what is sent after the head can still look at the session. */
  mayLook(): void {
    for (const visit of this.visits) visit.mayLook();
  }

  /** Saves before the head is sent. Saves nothing if the request has failed. */
  commit(): Awaitable<unknown> {
    this.#isSettled = true;
    return this.#hasFailed ? this.discard() : each(this.visits, "commit");
  }

  /** Marks the request as failed, so that nothing more is saved. What the handler committed itself stays. */
  fail(): void {
    this.#hasFailed = true;
    if (this.#isSettled) this.discard();
  }

  /** Drops unsaved changes, and cancels the body of an answer that is not sent because of an error. */
  discard(error?: unknown, answer?: unknown): void {
    this.#hasFailed = true;
    for (const visit of this.visits) visit.discard();
    const body = answer instanceof ReadableStream ? answer : (answer as { body?: unknown } | undefined)?.body;
    if (body instanceof ReadableStream) void body.cancel(error).catch(() => {});
  }

  /** Drops unsaved changes. Returns a response without details for a SessionError; throws any other error. */
  refuse(error: unknown): Response {
    this.discard();
    if (!(error instanceof SessionError)) throw error;
    return this.answerError(error);
  }

  /** Returns the answer to what a guard has thrown in place of an error answer of the framework, or else that. */
  instead(response: Response): Response {
    const refusal = refusalOf(this.visits);
    if (refusal === undefined || response.status < 400) return response;
    this.discard(refusal, response);
    return errorResponse(refusal);
  }

  /** Reports an error, and returns a response for it. */
  answerError(error: unknown): Response {
    this.tell(error);
    return this.settle(errorResponse(error), true);
  }

  /** Calls `onError`. */
  tell(error: unknown): void {
    this.#mount.onError(error, this.context as never);
  }

  /** Whether `addTo` has headers to add. */
  get isDue(): boolean {
    return this.visits.some(isDue);
  }

  get hasCookie(): boolean {
    return this.visits.some(isPersonal);
  }

  /** The Set-Cookie lines that the response must have. */
  get lines(): string[] {
    return this.visits.flatMap((visit) => linesOf(visit));
  }

  /** Adds the headers that the response must have; `own` as for `addDue`. Can be called again. */
  addTo(headers: AnswerHeaders, own?: AnswerHeaders): void {
    for (const visit of this.visits) addDue(headers, visit, own);
  }

  /**
   * Returns the response with the headers that it must have. Changes that are made while its body streams are saved
   * at its end; set `isPlain` if it is not a stream. Returns another object if the response can be shared with other
   * requests or cannot be changed. A response that upgrades the connection stays the same object.
   */
  settle(response: Response, isPlain = false): Response {
    this.isLight = makingOf(response) !== undefined;
    const isKnown = isPlain || this.isLight || isUpgrade(response);
    if (!isKnown && this.admit(response) && !this.#hasFailed) {
      this.#own = new Response(watchBody(response.body!, this), response);
      return this.show(this.#own);
    }
    if (this.#isSettled && !isUpgrade(response)) this.close();
    return this.show(response);
  }

  /**
   * Returns the response with the headers that it must have so far, for code that sees it before or after `settle`. The
   * same object, unless it cannot be changed.
   */
  show(response: Response): Response {
    const making = makingOf(response);
    if (response === this.#own) {
      // Reading the headers of a light response makes it slower. They are still what `carry` has made of them.
      const isUntouched = making !== undefined && !(making[2] instanceof Headers);
      if (!isUntouched || this.hasCookie) for (const visit of this.visits) addDue(response.headers, visit);
      return response;
    }
    if (this.isOpen && making === undefined) this.admit(response);
    if (!this.isDue) return response;
    const add = (headers: AnswerHeaders): void => this.addTo(headers);
    const shown = carry(response, { add, isPersonal: this.hasCookie, making });
    if (shown !== response) this.#own = shown;
    return shown;
  }

  /** To be called with the last of an answer that has no stream. */
  close(): void {
    for (const visit of this.visits) visit.close();
  }

  /** Whether changes that are made while the body streams are saved. */
  get isWatching(): boolean {
    return !this.#hasFailed && this.visits.some(({ varies }) => varies);
  }

  /** Saves what changed since the head was sent. Reports an error, and throws it. */
  commitLate(): Awaitable<unknown> {
    const tell = (error: unknown): never => {
      this.tell(error);
      throw error;
    };
    return attempt(
      () => each(this.visits, "commitLate"),
      (done) => done,
      tell,
    ) as Awaitable<unknown>;
  }
}

/** Reports a cookie that could not be sent, because a handler answered without the framework. */
export function reportPassedBy(around: Around, framework: string): void {
  const said = `A handler answered without ${framework}, so the session cookie was not sent.`;
  if (around.hasCookie) around.tell(new StateError("headers_sent", said));
}
