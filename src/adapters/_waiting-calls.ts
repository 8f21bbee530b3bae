import { Disguise, refuse } from "./_disguise.ts";
import { answerOf, giveUp, type HeldResponse, type Way } from "./_response.ts";

type WaitingCall = [way: Way, args: unknown[]];

/** Calls of a response that wait for a save, in order. Until they are taken, it looks as if they were carried out. */
export class WaitingCalls {
  readonly #res: HeldResponse;
  readonly #http2: boolean;
  #calls: WaitingCall[] = [];
  #disguise: Disguise | undefined;

  constructor(res: HeldResponse, http2: boolean) {
    this.#res = res;
    this.#http2 = http2;
  }

  get empty(): boolean {
    return this.#calls.length === 0;
  }

  /** Whether the end of the response is among them. */
  get ended(): boolean {
    return this.#calls.some(([way]) => way === "end");
  }

  /** Answers what the call itself would. */
  add(way: Way, args: unknown[]): unknown {
    if (way === "writeHead") {
      if (!this.empty) refuse();
      this.#res.statusCode = args[0] as number;
    }
    this.#disguise ??= new Disguise(this.#res, this.#http2);
    this.#calls.push([way, args]);
    if (way === "end") this.#disguise.end();
    return way === "write" ? false : answerOf(way, this.#res);
  }

  /** None of them is carried out; their callbacks hear why. Answers whether somebody waits for room to write on. */
  abandon(error: unknown): boolean {
    const calls = this.take();
    for (const [way, args] of calls) giveUp(way, args, error);
    return calls.some(([way]) => way === "write");
  }

  /** Without the disguise. */
  keep(calls: WaitingCall[]): void {
    this.#calls = [...this.#calls, ...calls];
  }

  take(): WaitingCall[] {
    const calls = this.#calls;
    this.#calls = [];
    this.#disguise?.off();
    this.#disguise = undefined;
    return calls;
  }
}
