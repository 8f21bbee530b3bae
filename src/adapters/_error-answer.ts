import { AsyncLocalStorage } from "node:async_hooks";
import { answerTo } from "./_answer.ts";
import { answerOf, giveUp, type HeldResponse, type Way } from "./_response.ts";

/** Runs the framework's error handler, so that its answer can be told from the rest of the one thrown away. */
const answering = new AsyncLocalStorage<ErrorAnswer>();

/** How many writes that go nowhere may follow one another. */
const IN_A_ROW = 1024;

/** The answer of an error in the place of another, of which nothing has left. */
export class ErrorAnswer {
  readonly #res: HeldResponse;
  #ours = false;
  #wasted = 0;

  constructor(res: HeldResponse) {
    this.#res = res;
  }

  /** Whether this is a call of who answers the error, and not of the handler that goes on. */
  get isMeant(): boolean {
    return this.#ours || answering.getStore() === this;
  }

  /** The framework answers, now or later. */
  leaveTo(next: (error: unknown) => void, error: unknown): void {
    answering.run(this, next, error);
  }

  send(error: unknown): void {
    this.#ours = true;
    this.#res.end(answerTo(error).text);
    this.#ours = false;
  }

  /** A call of the handler, which goes nowhere. */
  waste(way: Way, args: unknown[]): unknown {
    giveUp(way, args, new Error("This answer was thrown away after an error."));
    if (way !== "write" || ++this.#wasted % IN_A_ROW !== 0) return answerOf(way, this.#res);
    // What is piped runs dry, but it may be endless, and others want to run as well.
    setImmediate(() => this.#res.emit("drain"));
    return false;
  }
}
