import { unpackHead } from "./_head.ts";
import type { Call, HeldResponse, Way } from "./_response.ts";
import type { HeldVisit } from "./_visits.ts";

/** Where calls go through to the response itself; the head gets what it owes because of the session on its way. */
export class Outlet {
  readonly #res: HeldResponse;
  // As they were before anybody held the response.
  readonly #writeHead: Call;
  readonly #write: Call;
  readonly #end: Call;
  readonly #flushHeaders: Call;
  #headed = false;

  constructor(res: HeldResponse) {
    this.#res = res;
    this.#writeHead = res.writeHead;
    this.#write = res.write;
    this.#end = res.end;
    this.#flushHeaders = res.flushHeaders;
  }

  pass(way: Way, args: unknown[], visit: HeldVisit): unknown {
    // HTTP/1 makes every head with writeHead: there, nobody changes the headers after us.
    if (this.#headed || (way !== "writeHead" && !visit.http2)) return this.call(way, args);
    this.#headed = true;
    if (!visit.owesHeaders) return this.call(way, args);
    const rest = way === "writeHead" ? unpackHead(this.#res, args) : args;
    visit.addHeaders(this.#res);
    return this.call(way, rest);
  }

  /** The head that was about to leave did not. */
  beginAgain(): void {
    this.#headed = false;
  }

  /** As it is, without a look at the session. */
  call(way: Way, args: unknown[]): unknown {
    const res = this.#res;
    if (way === "end") return this.#end.apply(res, args);
    if (way === "writeHead") return this.#writeHead.apply(res, args);
    if (way === "write") return this.#write.apply(res, args);
    return this.#flushHeaders.apply(res, args);
  }
}
