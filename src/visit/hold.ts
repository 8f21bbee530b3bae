import { addDue, isDue } from "./answer.ts";
import { ErrorAnswer, giveUp, resultOf } from "./error-answer.ts";
import type { HeldResponse, Method, NodeResponse, Way } from "./node-response.ts";
import { ENDED, HEADERS_SENT, MASKED, refuse, SENT, unpackHead } from "./node-response.ts";
import { each, type Use } from "./visit.ts";

const HOLD: unique symbol = Symbol("micropie.hold");
type Held = HeldResponse & { [HOLD]: Hold };
type Call = [way: Way, args: unknown[]];

/** Returns the hold of a response that is held already. */
export function holdOf(res: NodeResponse): Hold | undefined {
  return (res as unknown as Partial<Held>)[HOLD];
}

/**
 * Holds a Node response until its sessions are saved. When the back-end answers at once, nothing ever waits.
 *
 * `open` until something responds; `held` while the save runs and calls wait in order; `sent` once the head may leave;
 * `ending` while later changes are saved, before the end may leave; `ended` when all may leave; `dropped` when an error
 * took the answer's place, and what the handler still writes goes nowhere.
 */
export class Hold {
  /** The sessions of the request, in the order in which they were mounted. */
  readonly uses: Use[] = [];
  /** Whether the client has left, or has got everything. */
  closed = false;
  /** Whether a handler is running whose end the adapter will learn of. */
  running = false;
  /** Whether the adapter learns that a handler threw; else, in a framework, a status of 500 or more says so. */
  seesErrors = false;
  readonly #res: HeldResponse;
  readonly #isHttp2: boolean;
  readonly #tell: (error: unknown) => void;
  readonly #next: ((error: unknown) => void) | undefined;
  readonly #own: Readonly<Record<Way, Method>>;
  #phase: "open" | "held" | "sent" | "ending" | "ended" | "dropped" = "open";
  /** Calls that wait, and what the response had before. */
  #calls: Call[] = [];
  #before: Partial<HeldResponse> | undefined;
  #finished: PropertyDescriptor | undefined;
  #isHeaded = false;
  #instead: ErrorAnswer | undefined;

  /** Before the first byte, `next` has to answer an error; without it, the hold does. `tell` is told of all others. */
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
        // HTTP/1 sends nothing yet, and what comes before the first byte may still need a cookie.
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

  /** Returns true if a framework can still answer what its handler threw; else cuts, unless the end is on its way. */
  makeWay(error: unknown): boolean {
    if (this.#phase === "open") giveUp(this.#take(), error);
    else if (this.#phase !== "ended" && this.#res[MASKED] !== "end") this.#stop(error, false, false);
    return this.#phase === "open";
  }

  /** The handler threw. */
  fail(error: unknown): void {
    this.running = false;
    const isUnsent = this.#phase === "open" || (this.#phase !== "dropped" && !this.#res.headersSent);
    if (isUnsent) this.#stop(error, true);
    else {
      this.makeWay(error);
      this.#tell(error);
    }
  }

  /** The handler is done. */
  settle(): void {
    this.running = false;
    if (this.closed) this.#finish(true);
  }

  /** The connection is gone, or all of the answer is out. */
  close(): void {
    this.closed = true;
    if (!this.running && this.#phase !== "ended") this.#finish(false);
  }

  /** Nobody will get the rest of the answer, so `end` may never come: saves what it would have saved. */
  #finish(isSettled: boolean): void {
    // While the handler may still be at work, only a lock cannot wait for what may never come.
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
      // A framework catches what handlers throw, and all that shows is the error answer.
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
    // The writer was told to wait; where the socket itself has no room, Node says when it has.
    if (room === true && this.#phase === "sent") this.#res.emit("drain");
  }

  /** Drops the answer. The error is answered if nothing of it has left; else the client sees that it was cut off. */
  #stop(error: unknown, isAnswered: boolean, tells = !isAnswered || this.#next === undefined): void {
    if (this.#phase === "dropped") return;
    // Whatever wrapped the response after us has already seen the end of the answer that is dropped.
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

  /** Keeps a call until the save is done, and returns what it would. The response looks as if it had been made. */
  #wait(way: Way, args: unknown[]): unknown {
    const res = this.#res;
    if (way === "writeHead") {
      if (this.#calls.length > 0) refuse();
      res.statusCode = args[0] as number;
    }
    if (this.#before === undefined) {
      const { statusCode, setHeader, setHeaders, appendHeader, removeHeader } = res;
      this.#before = { statusCode, setHeader, setHeaders, appendHeader, removeHeader, [MASKED]: undefined };
      // HTTP/2 has no status message, and warns of every look at it.
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

  /** Takes the calls that wait. The response shows again what it is. */
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
    // HTTP/1 makes every head with writeHead, after which nobody changes the headers.
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
