import { addDue, isDue } from "./answer.ts";
import { ErrorAnswer, giveUp, resultOf } from "./error-answer.ts";
import type { HeldResponse, Method, NodeResponse, Way } from "./node-response.ts";
import { ENDED, HEADERS_SENT, MASKED, refuse, SENT, unpackHead } from "./node-response.ts";
import { each, type Use } from "./visit.ts";

const HOLD: unique symbol = Symbol("micropie.hold");
type Held = HeldResponse & { [HOLD]: Hold };
type Call = [way: Way, args: unknown[]];

/** Returns the Hold of a response, if it has one. */
export function holdOf(res: NodeResponse): Hold | undefined {
  return (res as unknown as Partial<Held>)[HOLD];
}

/**
 * Holds back a Node response until the sessions of its request are saved. With a synchronous back-end nothing waits.
 *
 * `open`: nothing was sent. `held`: the save runs, and calls wait in order. `sent`: the head can leave.
 * `ending`: later changes are saved before the end can leave. `ended`: everything can leave. `dropped`: an
 * error answer took the place of the answer; calls of the handler have no effect.
 */
export class Hold {
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
  /** Calls that wait, and the properties of the response before. */
  #calls: Call[] = [];
  #before: Partial<HeldResponse> | undefined;
  #finished: PropertyDescriptor | undefined;
  #isHeaded = false;
  #instead: ErrorAnswer | undefined;

  /** `next` answers errors before the first byte; without it, the Hold does. `tell` gets all other errors. */
  constructor(
    req: { readonly httpVersionMajor?: number },
    res: NodeResponse,
    tell: (error: unknown) => void,
    next: ((error: unknown) => void) | undefined,
  ) {
    const held = res as unknown as Held;
    const { writeHead, write, end, flushHeaders } = held;
    this.#res = held;
    this.#isHttp2 = (req.httpVersionMajor ?? 1) >= 2;
    this.#tell = tell;
    this.#next = next;
    this.#own = { writeHead, write, end, flushHeaders };
    held[HOLD] = this;
    intercept(held);
    held.on("close", onClose);
  }

  respond(way: Way, args: unknown[]): unknown {
    switch (this.#phase) {
      case "open":
        // HTTP/1 sends nothing yet, and changes before the first byte can still need a cookie.
        if (way === "writeHead" && !this.#isHttp2) return this.#wait(way, args);
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

  /** Returns true if the framework can answer an error; if not, closes the connection, unless the end is waiting. */
  makeWay(error: unknown): boolean {
    if (this.#phase === "open") giveUp(this.#take(), error);
    else if (this.#phase !== "ended" && this.#res[MASKED] !== "end") this.#stop(error, false, false);
    return this.#phase === "open";
  }

  /** To be called when the handler has thrown. */
  fail(error: unknown): void {
    this.running = false;
    const isUnsent = this.#phase === "open" || (this.#phase !== "dropped" && !this.#res.headersSent);
    if (isUnsent) this.#stop(error, true);
    else {
      this.makeWay(error);
      this.#tell(error);
    }
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
    if (this.#phase === "open" && !isSettled) for (const use of this.uses) if (use.exclusive) use.discard();
    if (this.#phase !== "sent" && !(this.#phase === "open" && isSettled)) return;
    try {
      const saved = each(this.uses, this.#phase === "open" ? "commit" : "commitLate");
      this.#phase = "sent";
      if (saved instanceof Promise) saved.catch(this.#tell);
    } catch (error) {
      this.#tell(error);
    }
  }

  #save(way: Way, args: unknown[], waiting: "held" | "ending"): unknown {
    let saved: unknown;
    try {
      // A framework catches the errors of handlers. Only the status shows them.
      const status = way === "writeHead" ? Number(args[0]) : this.#res.statusCode;
      const hasFailed = this.#next !== undefined && !this.seesErrors && status >= 500;
      saved = each(this.uses, waiting === "ending" ? "commitLate" : hasFailed ? "commitFailed" : "commit");
    } catch (error) {
      this.#calls.push([way, args]);
      this.#stop(error, waiting === "held");
      return resultOf(way, this.#res);
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
    if (this.#calls.length > 0) for (const call of this.#take()) this.#pass(...call);
    return this.#pass(way, args);
  }

  #release(phase: "sent" | "ended"): void {
    if (this.#phase === "dropped") return;
    const calls = this.#take();
    this.#phase = phase;
    let room: unknown;
    try {
      for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
        const result = this.respond(...call);
        if (call[0] === "write") room = result;
      }
    } catch (error) {
      this.#calls.push(...calls);
      this.#stop(error, !this.#res.headersSent);
      return;
    }
    if (this.closed && !this.running) this.#finish(false);
    // The writer was told to wait. If the socket has no room, Node emits this itself.
    if (room === true && this.#phase === "sent") this.#res.emit("drain");
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
    if (way === "writeHead") {
      if (this.#calls.length > 0) refuse();
      res.statusCode = args[0] as number;
    }
    if (this.#before === undefined) {
      const { statusCode, setHeader, setHeaders, appendHeader, removeHeader } = res;
      this.#before = { statusCode, setHeader, setHeaders, appendHeader, removeHeader, [MASKED]: undefined };
      // HTTP/2 has no status message, and emits a warning if it is read.
      if (!this.#isHttp2) this.#before.statusMessage = res.statusMessage;
      Object.assign(res, SENT);
      Object.defineProperty(res, "headersSent", HEADERS_SENT);
    }
    if (way === "end" && res[MASKED] !== "end") {
      res[MASKED] = "end";
      this.#finished = Object.getOwnPropertyDescriptor(res, "finished");
      Object.defineProperties(res, ENDED);
    }
    this.#calls.push([way, args]);
    return way === "write" ? false : way === "flushHeaders" ? undefined : res;
  }

  /** Returns the calls that wait, and restores the properties of the response. */
  #take(): Call[] {
    const calls = this.#calls;
    this.#calls = [];
    if (this.#before !== undefined) Object.assign(this.#res, this.#before);
    if (this.#finished !== undefined) Object.defineProperty(this.#res, "finished", this.#finished);
    this.#before = this.#finished = undefined;
    return calls;
  }

  #pass(way: Way, args: unknown[]): unknown {
    let rest = args;
    // HTTP/1 makes every head with writeHead.
    if (!this.#isHeaded && (way === "writeHead" || this.#isHttp2)) {
      this.#isHeaded = true;
      if (way === "writeHead" && args.length > 1 && this.uses.some(isDue)) rest = unpackHead(this.#res, args);
      for (const use of this.uses) addDue(this.#res, use);
    }
    return this.#own[way].apply(this.#res, rest);
  }
}

function interceptorOf(way: Way): Method {
  return function (this: Held, ...args: unknown[]) {
    return this[HOLD].respond(way, args);
  } as Method;
}

/** Shared by all responses, as making functions for each is slow. */
const [writeHead, write, end] = [interceptorOf("writeHead"), interceptorOf("write"), interceptorOf("end")];
const flushHeaders = interceptorOf("flushHeaders");

function intercept(res: HeldResponse): void {
  res.writeHead = writeHead;
  res.write = write;
  res.end = end;
  res.flushHeaders = flushHeaders;
}

function onClose(this: HeldResponse): void {
  (this as Held)[HOLD].close();
}
