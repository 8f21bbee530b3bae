import { StateError } from "../errors.ts";
import { addDue, type Due } from "./answer.ts";
import { attempt } from "./attempt.ts";
import { dropCall, ErrorAnswer, giveUp, resultOf } from "./error-answer.ts";
import { addHead } from "./head.ts";
import { passBy, watchStream } from "./http2-stream.ts";
import { type Holder, holdBy, holderOf, intercept } from "./intercept.ts";
import { Mask, refuse } from "./mask.ts";
import type { HeldResponse, Method, NodeResponse, Way } from "./node-response.ts";
import { saveError } from "./save-error.ts";
import { closeAll, each, refusalOf, type Use, type Watcher } from "./use.ts";
import type { Visit } from "./visit.ts";

type Call = [way: Way, args: unknown[]];
/** Returns the Hold of a response, if it has one. */
export const holdOf = (res: NodeResponse): Hold | undefined => holderOf(res) as Hold | undefined;

/**
 * Holds back a Node response until the sessions of its request are saved. With a synchronous back-end nothing waits.
 *
 * `open`: nothing was sent. `held`: the save runs, and calls wait in order. `sent`: the head can leave.
 * `ending`: later changes are saved before the end can leave. `ended`: everything can leave. `dropped`: an
 * error answer took the place of the answer; calls of the handler have no effect.
 */
export class Hold implements Holder, Watcher {
  /** The sessions of the request, in the order in which they were mounted. */
  readonly uses: Use[] = [];
  /** Whether the connection is closed, or everything was sent. */
  closed = false;
  /** Whether a handler is running that the adapter waits for. */
  running = false;
  /** Whether the adapter sees what handlers throw. If not, a status of 500 or more counts as a failure. */
  seesErrors = false;
  readonly #res: HeldResponse;
  readonly #isHttp2: boolean;
  readonly #tell: (error: unknown) => void;
  readonly #next: ((error: unknown) => void) | undefined;
  readonly #own: Readonly<Record<Way, Method>>;
  #phase: "open" | "held" | "sent" | "ending" | "ended" | "dropped" = "open";
  #calls: Call[] = [];
  #mask: Mask | undefined;
  #isHeaded = false;
  #isFile = false;
  #hasPassed = false;
  #instead: ErrorAnswer | undefined;

  /** `next` answers errors before the first byte; without it, the Hold does. `tell` gets all other errors. */
  constructor(
    { httpVersionMajor = 1 }: { readonly httpVersionMajor?: number },
    res: NodeResponse,
    tell: (error: unknown) => void,
    next?: (error: unknown) => void,
  ) {
    this.#res = res as unknown as HeldResponse;
    this.#isHttp2 = httpVersionMajor >= 2;
    this.#tell = tell;
    this.#next = next;
    this.#own = holdBy(this, this.#res);
    if (this.#isHttp2)
      watchStream(res, (headers) => {
        if (this.#phase !== "open") return;
        passBy(this.uses, headers, tell);
        this.#phase = "sent";
      });
  }

  add(visit: Visit): void {
    this.uses.push(visit);
    visit.watcher = this;
  }

  /**
   * Adds headers at once, so that caches among the later middleware see them. Throws StateError `headers_sent` if the
   * head has left without them.
   */
  looked(due: Due): void {
    if (this.#phase === "open" && !this.#res.headersSent) addDue(this.#res, due);
    if (this.#isFile && !["open", "ended", "dropped"].includes(this.#phase))
      throw new StateError("headers_sent", "A file is being sent. Look at the session before you pipe it.");
  }

  /** A file cannot look at the session, so it needs no headers. */
  piped(source: object): void {
    this.#isFile = source.constructor.name === "ReadStream" && this.#phase === "open";
  }

  respond(way: Way, args: unknown[]): unknown {
    switch (this.#phase) {
      case "open":
        // HTTP/1 sends nothing yet, HTTP/2 in this turn. Changes before that can still need a cookie.
        if (way === "writeHead") {
          if (this.#isHttp2)
            process.nextTick(
              () => this.#phase === "open" && this.#calls[0] && this.respond("flushHeaders", []),
            );
          return this.#wait(way, args);
        }
        if (this.#res.statusCode >= 400 && refusalOf(this.uses) !== undefined)
          return this.#drop(way, args, refusalOf(this.uses), true);
        if (way !== "end" && !this.#isFile) for (const use of this.uses) use.mayLook?.();
        return this.#save(way, args, "held");
      case "sent":
        return way === "end" ? this.#save(way, args, "ending") : this.#pass(way, args);
      case "ended":
        return this.#pass(way, args);
      case "dropped":
        return this.#instead!.isMeant ? this.#pass(way, args) : this.#instead!.waste(way, args);
      default:
        return this.#wait(way, args);
    }
  }

  #drop(way: Way, args: unknown[], error: unknown, isAnswered: boolean): unknown {
    this.#calls.push([way, args]);
    this.#stop(error, isAnswered);
    return resultOf(way, this.#res);
  }

  /** Returns true if the framework can answer an error; if not, closes the connection, unless the end is waiting. */
  makeWay(error: unknown): boolean {
    this.#hasPassed = true;
    if (this.#phase === "open") giveUp(this.#take(), error);
    else if (this.#phase !== "ended" && !this.#mask?.claimsEnd) this.#stop(error, false, false);
    return this.#phase === "open";
  }

  /** To be called when the handler has thrown. */
  fail(error: unknown): void {
    this.running = false;
    const isUnsent = this.#phase === "open" || (this.#phase !== "dropped" && !this.#res.headersSent);
    if (isUnsent) this.#stop(error, true);
    else if (!this.makeWay(error)) this.#tell(error);
  }

  /** To be called when the handler is done. */
  settle(): void {
    this.running = false;
    if (this.closed) this.#finish(true);
  }

  /** To be called when the connection is closed, or everything was sent. */
  close(): void {
    this.closed = true;
    if (!this.running && this.#phase !== "ended") this.#finish(false);
  }

  /** Saves what `end` would have saved. It may never be called, as nobody gets the rest of the answer. */
  #finish(isSettled: boolean): void {
    // The handler may still be running. Only a lock cannot wait for an end that may never come.
    if (this.#phase === "open" && !isSettled) for (const use of this.uses) use.unawaited?.();
    if (this.#phase !== "sent" && !(this.#phase === "open" && isSettled)) return;
    const step = this.#phase === "open" ? "commit" : "commitLate";
    this.#phase = "sent";
    void attempt<unknown, unknown>(() => each(this.uses, step), Boolean, this.#tell);
  }

  #save(way: Way, args: unknown[], waiting: "held" | "ending"): unknown {
    let saved: unknown;
    try {
      const status = way === "writeHead" ? Number(args[0]) : this.#res.statusCode;
      if (waiting === "ending" || status < 400) {
        saved = each(this.uses, waiting === "ending" ? "commitLate" : "commit");
      } else {
        const known = this.#hasPassed ? "error handler" : "other";
        saved = saveError(status, this.#next && !this.seesErrors ? "unknown" : known, this.uses, this.#tell);
      }
    } catch (error) {
      return this.#drop(way, args, error, waiting === "held");
    }
    if (saved instanceof Promise) {
      this.#phase = waiting;
      saved.then(
        () => this.#release(way === "end" ? "ended" : "sent"),
        (error: unknown) => this.#stop(error, waiting === "held"),
      );
      return this.#wait(way, args);
    }
    this.#phase = way === "end" ? "ended" : "sent";
    if (way === "end") closeAll(this.uses, this.#res);
    if (this.#calls.length > 0) for (const call of this.#take()) this.#pass(...call);
    return this.#pass(way, args);
  }

  #release(phase: "sent" | "ended"): void {
    if (this.#phase === "dropped") return;
    const calls = this.#take();
    this.#phase = phase;
    if (phase === "ended") closeAll(this.uses, this.#res);
    let room = false;
    try {
      for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
        const result = this.respond(...call);
        if (call[0] === "write") room = result !== false;
      }
    } catch (error) {
      this.#calls.push(...calls);
      this.#stop(error, !this.#res.headersSent);
      return;
    }
    if (this.closed && !this.running) this.#finish(false);
    // The writer was told to wait. If the socket has no room, Node emits this itself.
    if (room && this.#phase === "sent") this.#res.emit("drain");
  }

  /** Drops the answer. The error is answered if nothing was sent; else the connection is closed. */
  #stop(error: unknown, isAnswered: boolean, tells = !isAnswered || this.#next === undefined): void {
    if (this.#phase === "dropped") return;
    // Wrappers that were installed later have already seen the end of the dropped answer.
    if (isAnswered) intercept(this.#res);
    const isWriterWaiting = giveUp(this.#take(), error);
    this.#phase = "dropped";
    this.#isHeaded = false;
    this.#instead = new ErrorAnswer(this.#res);
    for (const use of this.uses) use.discard();
    if (isAnswered) this.#instead.send(error, isWriterWaiting, this.#isHttp2, this.#next);
    else this.#res.destroy(error);
    if (tells) this.#tell(error);
  }

  /** Keeps a call until the save is done. The response looks as if the call had been made. */
  #wait(way: Way, args: unknown[]): unknown {
    const res = this.#res;
    if (this.#mask?.hidesEnd) return dropCall(way, args, res);
    if (way === "writeHead") {
      if (this.#calls.length > 0) refuse();
      res.statusCode = args[0] as number;
    }
    this.#mask ??= new Mask(res, this.#isHttp2);
    this.#mask.claimHead();
    if (way === "end") this.#mask.claimEnd();
    this.#calls.push([way, args]);
    return way === "write" ? false : way === "flushHeaders" ? undefined : res;
  }

  /** Returns the calls that wait, and restores the properties of the response. */
  #take(): Call[] {
    const calls = this.#calls;
    this.#calls = [];
    this.#mask?.lift();
    return calls;
  }

  #pass(way: Way, args: unknown[]): unknown {
    // HTTP/1 makes every head with writeHead.
    const isHead = !this.#isHeaded && (way === "writeHead" || this.#isHttp2);
    this.#isHeaded ||= isHead;
    return this.#own[way].apply(this.#res, isHead ? addHead(this.#res, this.uses, way, args) : args);
  }
}
