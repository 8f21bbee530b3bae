import type { Awaitable } from "../backends/backend.ts";
import { ErrorAnswer } from "./_error-answer.ts";
import { prepareErrorHead } from "./_error-head.ts";
import { Outlet } from "./_outlet.ts";
import type { HeldResponse, Interceptor, NodeRequest, NodeResponse, Way } from "./_response.ts";
import { answerOf, install, intercept, interceptorOf } from "./_response.ts";
import { commitFailed, type HeldVisit, Visits } from "./_visits.ts";
import { WaitingCalls } from "./_waiting-calls.ts";

export type { HeldVisit } from "./_visits.ts";

/** The hold of a response that is held already. */
export function holdOf(res: NodeResponse): Hold | undefined {
  return interceptorOf(res) as Hold | undefined;
}

/**
 * Holds a Node response until its session is saved. When the back-end answers at once, nothing ever waits.
 *
 * `open` until something responds; `held` while the save runs and calls wait in order; `sent` once the head may leave;
 * `ending` while what changed since is saved before the end may leave; `ended` when all may leave; `dropped` when an
 * error took the answer's place, and what the handler still writes goes nowhere.
 */
export class Hold implements Interceptor {
  visit: HeldVisit;
  readonly #res: HeldResponse;
  readonly #tell: (error: unknown) => void;
  readonly #next: ((error: unknown) => void) | undefined;
  readonly #outlet: Outlet;
  #phase: "open" | "held" | "sent" | "ending" | "ended" | "dropped" = "open";
  #instead: ErrorAnswer | undefined;
  readonly #calls: WaitingCalls;
  /** Whether the client has left, or has got everything. */
  closed = false;
  /** Whether a handler whose end will be known is running. */
  running = false;
  /** Whether others wait for this request to be over. */
  exclusive = false;
  /** Whether the adapter itself learns that a handler threw; else, in a framework, a status of 500 or more says so. */
  seesErrors = false;

  /**
   * `next` gets an error before the first byte, and has to answer it; without it, the hold answers.
   * `onError` is told of all other errors.
   */
  constructor(
    visit: HeldVisit,
    req: NodeRequest,
    res: NodeResponse,
    onError: (error: unknown, req: never) => void,
    next: ((error: unknown) => void) | undefined,
  ) {
    this.visit = visit;
    this.#res = res as unknown as HeldResponse;
    this.#tell = (error) => onError(error, req as never);
    this.#next = next;
    this.#outlet = new Outlet(this.#res);
    this.#calls = new WaitingCalls(this.#res, visit.http2);
    intercept(this.#res, this);
  }

  /** One more session of the same request. */
  add(visit: HeldVisit): void {
    this.visit = new Visits([...(this.visit instanceof Visits ? this.visit.all : [this.visit]), visit]);
  }

  respond(way: Way, args: unknown[]): unknown {
    switch (this.#phase) {
      case "open":
        // HTTP/1 sends nothing yet, and what comes before the first byte may still need a cookie.
        if (way === "writeHead" && !this.visit.http2) return this.#calls.add(way, args);
        return this.#save(way, args, "held");
      case "sent":
        return way === "end" ? this.#save(way, args, "ending") : this.#outlet.pass(way, args, this.visit);
      case "ended":
        return this.#outlet.pass(way, args, this.visit);
      case "dropped":
        if (!this.#instead!.isMeant) return this.#instead!.waste(way, args);
        return this.#outlet.pass(way, args, this.visit);
      default:
        return this.#calls.add(way, args);
    }
  }

  /** Whether a framework can still answer what its handler threw; else cuts, unless the end is on its way. */
  makeWay(error: unknown): boolean {
    if (this.#phase === "open") this.#calls.abandon(error);
    else if (this.#phase !== "ended" && this.#phase !== "dropped" && !this.#calls.ended) this.#cut(error);
    return this.#phase === "open";
  }

  /** The session could not be loaded, so no handler runs. */
  failToLoad(error: unknown): void {
    const next = this.#next;
    if (next === undefined) this.#drop(error);
    else {
      this.visit.discard();
      this.#phase = "ended";
      prepareErrorHead(this.#res, error, this.visit, true);
      next(error);
    }
  }

  /** The handler threw. */
  fail(error: unknown): void {
    this.running = false;
    if (this.#phase === "open" || (this.#phase !== "dropped" && !this.#res.headersSent)) this.#drop(error);
    else {
      this.makeWay(error);
      this.#tell(error);
    }
  }

  /** The handler's promise was fulfilled. */
  settle(): void {
    this.running = false;
    if (this.closed) this.#finish(true);
  }

  /** The connection is gone, or all of the answer is out. */
  close(): void {
    this.closed = true;
    if (!this.running) this.#finish(false);
  }

  /** Nobody will get the rest of the answer, so `end` may never come: saves what it would have saved. */
  #finish(settled: boolean): void {
    if (this.#phase !== "open" && this.#phase !== "sent") return;
    if (this.#phase === "open" && !settled) {
      // The handler may still be at work; but a lock cannot wait for what may never come.
      if (this.exclusive) this.visit.discard();
      return;
    }
    try {
      const saved = this.#phase === "open" ? this.visit.commit() : this.visit.commitLate();
      this.#phase = "sent";
      if (saved instanceof Promise) saved.catch(this.#tell);
    } catch (error) {
      this.#tell(error);
    }
  }

  #save(way: Way, args: unknown[], waiting: "held" | "ending"): unknown {
    let saved: Awaitable<unknown>;
    try {
      saved = waiting === "held" ? this.#commit(way, args) : this.visit.commitLate();
    } catch (error) {
      this.#calls.keep([[way, args]]);
      this.#refused(error, waiting);
      return answerOf(way, this.#res);
    }
    if (saved instanceof Promise) {
      this.#phase = waiting;
      saved.then(
        () => this.#release(way === "end" ? "ended" : "sent"),
        (error: unknown) => this.#refused(error, waiting),
      );
      return this.#calls.add(way, args);
    }
    this.#phase = way === "end" ? "ended" : "sent";
    if (!this.#calls.empty)
      for (const [before, its] of this.#calls.take()) this.#outlet.pass(before, its, this.visit);
    return this.#outlet.pass(way, args, this.visit);
  }

  #commit(way: Way, args: unknown[]): Awaitable<unknown> {
    // A framework catches what handlers throw, and all that shows is the error answer.
    const guessing = this.#next !== undefined && !this.seesErrors;
    const status = way === "writeHead" ? Number(args[0]) : this.#res.statusCode;
    return guessing && status >= 500 ? commitFailed(this.visit) : this.visit.commit();
  }

  #release(phase: "sent" | "ended"): void {
    if (this.#phase === "dropped") return;
    const calls = this.#calls.take();
    this.#phase = phase;
    let room: unknown;
    try {
      for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
        const result = this.respond(...call);
        if (call[0] === "write") room = result;
      }
    } catch (error) {
      this.#calls.keep(calls);
      this.#refused(error, this.#res.headersSent ? "ending" : "held");
      return;
    }
    if (this.closed && !this.running) this.#finish(false);
    // The writer was told to wait; where the socket itself has no room, Node says when it has.
    if (room === true && this.#phase === "sent") this.#res.emit("drain");
  }

  #refused(error: unknown, waiting: "held" | "ending"): void {
    if (this.#phase === "dropped") return;
    if (waiting === "held") this.#drop(error);
    else {
      this.#cut(error);
      this.#tell(error);
    }
  }

  /** Throws the answer away, of which nothing has left, and lets the error be answered instead. */
  #drop(error: unknown): void {
    const next = this.#next;
    // Whatever wrapped the response after us has already seen the end of the answer that is thrown away.
    install(this.#res);
    // What is piped into the answer runs dry, instead of waiting for ever.
    if (this.#giveUp(error)) this.#res.emit("drain");
    prepareErrorHead(this.#res, error, this.visit, next !== undefined);
    if (next !== undefined) this.#instead!.leaveTo(next, error);
    else {
      this.#instead!.send(error);
      this.#tell(error);
    }
  }

  /** Too late for another answer: the client sees that this one was cut off. */
  #cut(error: unknown): void {
    this.#giveUp(error);
    this.#res.destroy(error);
  }

  #giveUp(error: unknown): boolean {
    const waiting = this.#calls.abandon(error);
    this.#instead = new ErrorAnswer(this.#res);
    this.#phase = "dropped";
    this.visit.discard();
    this.#outlet.beginAgain();
    return waiting;
  }
}
