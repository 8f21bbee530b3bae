import type { Awaitable } from "../backends/backend.ts";
import { SessionError, StateError } from "../errors.ts";
import { type AnswerHeaders, addDue, errorResponse, isDue, linesOf } from "./answer.ts";
import { attempt } from "./attempt.ts";
import { carry, type Making } from "./carry.ts";
import type { Mount } from "./mount.ts";
import { each, isMounted, Visit } from "./visit.ts";

const AROUND: unique symbol = Symbol("micropie.around");

/** Returns what goes around a request already. `place` is what its constructor was given. */
export function aroundOf(place: object): Around | undefined {
  return (place as { [AROUND]?: Around })[AROUND];
}

/** One request that is answered with a Response: its sessions, and what becomes of the answer. */
export class Around {
  /** In the order in which they were mounted. */
  readonly visits: Visit[] = [];
  /** What the framework gives to a handler. */
  readonly asked: object;
  readonly #mount: Mount;
  #isSettled = false;
  #hasFailed = false;
  /** Whether the answer is known to be no stream; see `makingOf`. */
  isLight = false;

  /** `place` is an object that only this request has. */
  constructor(mount: Mount, asked: object, place: object = asked) {
    this.#mount = mount;
    this.asked = asked;
    (place as { [AROUND]?: Around })[AROUND] = this;
  }

  /** Returns the visit of the session that is found under this name. */
  find(as: string): Visit | undefined {
    return this.visits.find(({ mount }) => mount.as === as);
  }

  /** Adds one more session of the request. Returns undefined if it is there already. Throws as `isSame` does. */
  add(mount: Mount, request: Request): Visit | undefined {
    if (isMounted(this.visits, mount)) return undefined;
    const visit = new Visit(mount, request);
    this.visits.push(visit);
    return visit;
  }

  /** Whether the request is still to be answered. */
  get isOpen(): boolean {
    return !this.#isSettled;
  }

  /** Runs what answers between load and save, and returns the answer with what it must carry. `refuse` answers an error. */
  async run(
    request: Request,
    answered: (visit: Visit) => Awaitable<Response>,
    refuse?: (error: unknown, response?: Response) => Response,
  ): Promise<Response> {
    let response: Response | undefined;
    try {
      const visit = new Visit(this.#mount, request);
      this.visits.push(visit);
      const loading = visit.load(this.asked);
      if (loading !== undefined) await loading;
      response = await answered(visit);
      if (response.status === 0) this.fail();
      this.#isSettled = true;
      const saving = this.#hasFailed ? this.discard() : each(this.visits, "commit");
      if (saving !== undefined) await saving;
    } catch (error) {
      this.discard(error, response);
      return refuse === undefined ? this.refuse(error) : refuse(error, response);
    }
    return this.settle(response);
  }

  /** Saves before the head leaves, unless the request has failed. */
  commit(): Awaitable<unknown> {
    this.#isSettled = true;
    return this.#hasFailed ? this.discard() : each(this.visits, "commit");
  }

  /** The request has failed: its commit will save nothing. What the handler saved itself stays. */
  fail(): void {
    this.#hasFailed = true;
    if (this.#isSettled) this.discard();
  }

  /** Drops what is not saved; because of an error, also the body of an answer that is not sent. */
  discard(error?: unknown, answer?: unknown): void {
    this.#hasFailed = true;
    for (const visit of this.visits) visit.discard();
    const body = answer instanceof ReadableStream ? answer : (answer as { body?: unknown } | undefined)?.body;
    if (body instanceof ReadableStream) void body.cancel(error).catch(() => {});
  }

  /** Drops what is not saved. Returns the answer to an error of ours, without details; throws any other. */
  refuse(error: unknown): Response {
    this.discard();
    if (!(error instanceof SessionError)) throw error;
    return this.answerError(error);
  }

  /** Tells of an error, and returns the answer to it. */
  answerError(error: unknown): Response {
    this.tell(error);
    return this.settle(errorResponse(error));
  }

  tell(error: unknown): void {
    this.#mount.onError(error, this.asked as never);
  }

  /** A handler has answered past the framework. */
  passedBy(framework: string): void {
    if (!this.hasCookie) return;
    this.tell(
      new StateError("headers_sent", `A handler has answered past ${framework}, so the cookie was not sent.`),
    );
  }

  /** Whether `addTo` has anything to add. */
  get isDue(): boolean {
    return this.visits.some(isDue);
  }

  get hasCookie(): boolean {
    return this.visits.some(({ line }) => line !== undefined);
  }

  /** The Set-Cookie lines that the answer must carry. */
  get lines(): string[] {
    return this.visits.flatMap((visit) => linesOf(visit));
  }

  /** Adds what the answer must carry; `own` as in `addDue`. Doing it again changes nothing. */
  addTo(headers: AnswerHeaders, own?: AnswerHeaders): void {
    for (const visit of this.visits) addDue(headers, visit, own);
  }

  /**
   * Returns the response with what it must carry, and with its body watched, so that what changes while it streams is saved
   * at its end; `isPlain` tells that nothing can. It is another object where the given one may be shared with other
   * requests, or cannot be changed. One that upgrades the connection stays itself, as a WebSocket hangs on it.
   */
  settle(response: Response, isPlain = false): Response {
    const making = makingOf(response);
    this.isLight = making !== undefined;
    const isFixed = response.status === 0 || isUpgrade(response);
    if (!isFixed && !isPlain && making === undefined && response.body !== null && this.isWatching) {
      const copy = new Response(this.watch(response.body), response);
      for (const visit of this.visits) addDue(copy.headers, visit);
      return copy;
    }
    if (!this.isDue) return response;
    const add = (headers: AnswerHeaders): void => this.addTo(headers);
    return carry(response, { add, isPersonal: this.hasCookie, isFixed, making });
  }

  /** Whether what a body does to a session while it streams is saved. */
  get isWatching(): boolean {
    if (this.#hasFailed) return false;
    for (const { skipped } of this.visits) if (!skipped) return true;
    return false;
  }

  /**
   * Returns the same body, chunk by chunk and no faster than it is read; what changes meanwhile is saved before its end. It
   * is not locked before somebody reads, so whoever made it can still see that nobody does (HEAD).
   */
  watch(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
    let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
    let isOver = false;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          let result: ReadableStreamReadResult<Uint8Array>;
          try {
            reader ??= body.getReader();
            result = await reader.read();
          } catch (error) {
            isOver = true;
            this.discard();
            throw error;
          }
          // The reader left meanwhile, and `cancel` does what is to be done.
          if (isOver) return;
          if (!result.done) {
            controller.enqueue(result.value);
            return;
          }
          isOver = true;
          const saving = this.#commitLate();
          if (saving !== undefined) await saving;
          controller.close();
        },
        cancel: async (reason) => {
          // The reader left while the last save was running.
          if (isOver) return;
          isOver = true;
          try {
            await (reader ?? body).cancel(reason);
          } finally {
            // Nobody reads any more, so a failure is told, and that is all.
            await (async () => this.#commitLate())().catch(() => {});
          }
        },
      },
      { highWaterMark: 0 },
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

/** Returns true if the connection is handed over to a WebSocket. */
export function isUpgrade(response: Response): boolean {
  const { webSocket, crossws } = response as { webSocket?: unknown; crossws?: unknown };
  return response.status === 101 || Boolean(webSocket) || Boolean(crossws);
}

let cacheKey: symbol | undefined;

/**
 * Returns what a response is made of if its body is known to be no stream. The responses of @hono/node-server say so in a
 * private member, and lose what makes them fast as soon as they are asked for `body` or `type`. If that member ever
 * changes, this returns undefined, which is always right.
 */
export function makingOf(response: Response): Making | undefined {
  cacheKey ??= Object.getOwnPropertySymbols(response).find(({ description }) => description === "cache");
  if (cacheKey === undefined) return undefined;
  const making = (response as unknown as Record<symbol, unknown>)[cacheKey];
  if (!Array.isArray(making) || making.length !== 3) return undefined;
  const body: unknown = making[1];
  const isPlain =
    body === null || typeof body === "string" || body instanceof Uint8Array || body instanceof Blob;
  return isPlain ? (making as unknown as Making) : undefined;
}
