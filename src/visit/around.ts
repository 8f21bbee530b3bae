import type { Awaitable } from "../backends/backend.ts";
import { chain } from "../core/call.ts";
import { SessionError, StateError } from "../errors.ts";
import { type AnswerHeaders, addDue, errorResponse, isDue, linesOf } from "./answer.ts";
import { attempt } from "./attempt.ts";
import { carry, isFixed, makingOf } from "./carry.ts";
import { foresee, isStream } from "./foresee.ts";
import type { Mount } from "./mount.ts";
import { each, isMounted, Visit } from "./visit.ts";
import { watchBody } from "./watch-body.ts";

const AROUND: unique symbol = Symbol("micropie.around");

/** Returns the Around that was made with this place, or undefined. */
export function aroundOf(place: object): Around | undefined {
  return (place as { [AROUND]?: Around })[AROUND];
}

/** One request that is answered with a Response: its sessions, from the first load to the end of the body. */
export class Around {
  /** In the order in which they were mounted. */
  readonly visits: Visit[] = [];
  /** What the framework gives to a handler. */
  readonly context: object;
  readonly #mount: Mount;
  #isSettled = false;
  #hasFailed = false;
  #whole: Response | undefined;
  /** The response that has had headers added last. */
  #shown: Response | undefined;
  /** Whether the body of the response is known not to be a stream; see `makingOf`. */
  isLight = false;

  /** `place` is an object that belongs to this request alone. `aroundOf` finds the Around by it. */
  constructor(mount: Mount, context: object, place: object = context) {
    this.#mount = mount;
    this.context = context;
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
    let response: Response | undefined;
    try {
      const visit = new Visit(this.#mount, request);
      this.visits.push(visit);
      const loading = visit.load(this.context);
      if (loading !== undefined) await loading;
      response = await handle(visit);
      if (response.status === 0) this.fail();
      const foreseen = this.foresee(response, request.method);
      response = foreseen instanceof Promise ? await foreseen : foreseen;
      const saving = this.commit();
      if (saving !== undefined) await saving;
    } catch (error) {
      this.discard(error, response);
      return refuse === undefined ? this.refuse(error) : refuse(error, response);
    }
    return this.settle(response);
  }

  /**
   * To be called before `commit`. Returns the response; another object if it had to be found out whether its body can
   * still look at the session. If so, the response varies.
   */
  foresee(response: Response, method: string): Awaitable<Response> {
    if (this.isKnown || isFixed(response) || makingOf(response) !== undefined) return response;
    return chain(foresee(response, method), (foreseen) => {
      if (foreseen.runs) this.mayLook();
      else this.#whole = foreseen.response;
      return foreseen.response;
    });
  }

  /** Whether it is known of all sessions that the response varies, or that it does not depend on them. */
  get isKnown(): boolean {
    if (this.#hasFailed) return true;
    for (const { varies, skipped } of this.visits) if (!varies && !skipped) return false;
    return true;
  }

  /** To be called before `commit` if what is sent after the head can still look at the session. */
  mayLook(): void {
    for (const visit of this.visits) visit.mayLook();
  }

  /** Whether nothing of the application runs while the body of this response is read. */
  isWhole(response: Response): boolean {
    return response.body === null || response === this.#whole;
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

  /** Reports an error, and returns a response for it. */
  answerError(error: unknown): Response {
    this.tell(error);
    return this.settle(errorResponse(error));
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
    return this.visits.some(({ line }) => line !== undefined);
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
    const making = makingOf(response);
    this.isLight = making !== undefined;
    const mustStay = isFixed(response);
    const { body } = making === undefined ? response : { body: null };
    if (!mustStay && !isPlain && body !== null && response !== this.#whole && this.isWatching) {
      const copy = new Response(this.watch(body), response);
      for (const visit of this.visits) addDue(copy.headers, visit);
      return copy;
    }
    return this.show(response);
  }

  /**
   * Returns the response with the headers that it must have so far, for code that sees it before or after `settle`. The
   * same object, unless it cannot be changed.
   */
  show(response: Response): Response {
    const making = makingOf(response);
    const isUntouched = response === this.#shown && making !== undefined && !(making[2] instanceof Headers);
    if (isUntouched && !(this.hasCookie && this.isOpen)) return response;
    if (making === undefined && !this.isKnown && isStream(response.body)) this.mayLook();
    if (!this.isDue) return response;
    const isPersonal = this.hasCookie && response !== this.#shown;
    const add = (headers: AnswerHeaders): void => this.addTo(headers);
    this.#shown = carry(response, { add, isPersonal, isFixed: isFixed(response), making });
    return this.#shown;
  }

  /** Whether changes that are made while the body streams are saved. */
  get isWatching(): boolean {
    if (this.#hasFailed) return false;
    for (const { skipped } of this.visits) if (!skipped) return true;
    return false;
  }

  /** Returns a body with the same chunks; see `watchBody`. Saves changes before its end. */
  watch(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    return watchBody(
      body,
      () => this.#commitLate(),
      () => this.discard(),
    );
  }

  #commitLate(): Awaitable<unknown> {
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
  const message = `A handler answered without ${framework}, so the session cookie was not sent.`;
  if (around.hasCookie) around.tell(new StateError("headers_sent", message));
}
