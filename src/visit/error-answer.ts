import { AsyncLocalStorage } from "node:async_hooks";
import { type NodeHeaders, noStore, notOfAnyAnswer, ofOneAnswer } from "./answer.ts";
import { errorAnswer, isAnswered } from "./error-parts.ts";
import type { HeldResponse, Method, Way } from "./node-response.ts";

/** Tells the calls of the framework's error handler from those of the handler that failed. */
const answering = new AsyncLocalStorage<ErrorAnswer>();

/** How many writes without effect can follow one another before other work gets a turn. */
const IN_A_ROW = 1024;

/** The answer to an error, in place of an answer of which nothing was sent. */
export class ErrorAnswer {
  readonly #res: HeldResponse;
  #isOurs = false;
  #wasted = 0;

  constructor(res: HeldResponse) {
    this.#res = res;
  }

  /** Whether the current call comes from the error handler, and not from the handler that failed. */
  get isMeant(): boolean {
    return this.#isOurs || answering.getStore() === this;
  }

  /** Calls `given`, which answers now or later; without it, and for what `isAnswered`, answers itself. */
  send(
    error: unknown,
    isWriterWaiting: boolean,
    isHttp2: boolean,
    given: ((error: unknown) => void) | undefined,
  ): void {
    const next = isAnswered(error) ? undefined : given;
    // A stream that is piped into the answer runs to its end, instead of waiting forever.
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

  /** Returns what a call of the failed handler would return. The call has no effect. */
  waste(way: Way, args: unknown[]): unknown {
    const result = dropCall(way, args, this.#res);
    if (way !== "write" || ++this.#wasted % IN_A_ROW !== 0) return result;
    // A stream that is piped runs to its end, but it can be endless, and other work must get a turn.
    setImmediate(() => this.#res.emit("drain"));
    return false;
  }
}

/** Returns what a call would return. It has no effect, and its callback gets an error. */
export function dropCall(way: Way, args: unknown[], res: HeldResponse): unknown {
  giveUp([[way, args]], new Error("This answer has ended already, or was dropped because of an error."));
  return resultOf(way, res);
}

/** Returns what a call would return. */
export function resultOf(way: Way, res: HeldResponse): unknown {
  return way === "write" ? true : way === "flushHeaders" ? undefined : res;
}

/** Passes the error to the callbacks of calls that are dropped. Returns true if one of them was a write. */
export function giveUp(calls: readonly (readonly [way: Way, args: unknown[]])[], error: unknown): boolean {
  for (const [way, args] of calls) {
    const callback =
      way === "write" || way === "end" ? args.find((arg) => typeof arg === "function") : undefined;
    if (callback !== undefined) process.nextTick(callback as Method, error);
  }
  return calls.some(([way]) => way === "write");
}

/**
 * Prepares a response for an error answer. Headers that other middleware set for every answer stay; with `isBare`,
 * only headers that are known to reveal nothing.
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

/** Answers an error with what `errorAnswer` says, but for the status. */
export function endWith(res: Answerable, error: unknown): void {
  const { text, type, location } = errorAnswer(error);
  res.setHeader("Content-Type", type);
  if (location !== undefined) res.setHeader("Location", location);
  res.end(text);
}

/** Removes the headers that describe one answer, and sets `no-store`. */
export function clearHead(res: ClearedResponse, isBare = false): void {
  const names = res.getHeaderNames();
  for (const name of isBare ? notOfAnyAnswer(names) : ofOneAnswer(names)) res.removeHeader(name);
  noStore(res);
}

type ClearedResponse = NodeHeaders & Pick<HeldResponse, "getHeaderNames" | "removeHeader">;
