import { AsyncLocalStorage } from "node:async_hooks";
import { errorAnswer, type NodeHeaders, noStore, notOfAnyAnswer, ofOneAnswer } from "./answer.ts";
import type { HeldResponse, Method, Way } from "./node-response.ts";

/** Runs the framework's error handler, so that its calls can be told from those of the handler that failed. */
const answering = new AsyncLocalStorage<ErrorAnswer>();

/** How many writes that go nowhere may follow one another. */
const IN_A_ROW = 1024;

/** The answer to an error in the place of another answer, of which nothing has left. */
export class ErrorAnswer {
  readonly #res: HeldResponse;
  #isOurs = false;
  #wasted = 0;

  constructor(res: HeldResponse) {
    this.#res = res;
  }

  /** Whether this is a call of whoever answers the error, and not of the handler that goes on. */
  get isMeant(): boolean {
    return this.#isOurs || answering.getStore() === this;
  }

  /** Lets `next` answer, now or later; without `next`, answers here. */
  send(
    error: unknown,
    isWriterWaiting: boolean,
    isHttp2: boolean,
    next: ((error: unknown) => void) | undefined,
  ): void {
    // What is piped into the answer runs dry, instead of waiting for ever.
    if (isWriterWaiting) this.#res.emit("drain");
    prepareErrorHead(this.#res, error, isHttp2, next === undefined);
    if (next !== undefined) {
      answering.run(this, next, error);
      return;
    }
    this.#isOurs = true;
    endWith(this.#res, error);
    this.#isOurs = false;
  }

  /** Takes a call of the handler, which goes nowhere. */
  waste(way: Way, args: unknown[]): unknown {
    giveUp([[way, args]], new Error("This answer was thrown away after an error."));
    if (way !== "write" || ++this.#wasted % IN_A_ROW !== 0) return resultOf(way, this.#res);
    // What is piped runs dry, but it may be endless, and others want to run as well.
    setImmediate(() => this.#res.emit("drain"));
    return false;
  }
}

/** Returns what a call returns that is never carried out. */
export function resultOf(way: Way, res: HeldResponse): unknown {
  return way === "write" ? true : way === "flushHeaders" ? undefined : res;
}

/**
 * Tells the callbacks of calls that they are never carried out. Returns true if one of them wrote, and so may wait for
 * room to write on.
 */
export function giveUp(calls: readonly (readonly [way: Way, args: unknown[]])[], error: unknown): boolean {
  for (const [way, args] of calls) {
    const callback =
      way === "write" || way === "end" ? args.find((arg) => typeof arg === "function") : undefined;
    if (callback !== undefined) process.nextTick(callback as Method, error);
  }
  return calls.some(([way]) => way === "write");
}

/**
 * Makes room for an error answer in place of one that is thrown away. If a framework answers, what its other middleware
 * set stays, as it does after any error; with `isBare`, only headers that tell nothing.
 */
export function prepareErrorHead(res: HeldResponse, error: unknown, isHttp2: boolean, isBare = false): void {
  if (!isHttp2) res.statusMessage = "";
  res.statusCode = errorAnswer(error).status;
  clearHead(res, isBare);
}

interface Answerable {
  setHeader: (name: string, value: string) => unknown;
  end(text: string): unknown;
}

/** Answers an error with the text for its status. */
export function endWith(res: Answerable, error: unknown): void {
  res.setHeader("Content-Type", "text/plain; charset=utf-8");
  res.end(errorAnswer(error).text);
}

/** Removes the headers of an answer that an error takes the place of, and forbids to store what comes. */
export function clearHead(res: ClearedResponse, isBare = false): void {
  const names = res.getHeaderNames();
  for (const name of isBare ? notOfAnyAnswer(names) : ofOneAnswer(names)) res.removeHeader(name);
  noStore(res);
}

type ClearedResponse = NodeHeaders & Pick<HeldResponse, "getHeaderNames" | "removeHeader">;
