import { addSessionHeaders, unpackHead } from "./_head.ts";
import type { Call, HeldResponse, Way } from "./_response.ts";
import type { Visit } from "./_visit.ts";

/** Where calls go through to the response itself; the head gets what it owes because of the session on its way. */
export class Outlet {
  readonly #res: HeldResponse;
  readonly #visit: Visit;
  // As they were before anybody held the response.
  readonly #writeHead: Call;
  readonly #write: Call;
  readonly #end: Call;
  readonly #flushHeaders: Call;
  #headed = false;

  constructor(res: HeldResponse, visit: Visit) {
    this.#res = res;
    this.#visit = visit;
    this.#writeHead = res.writeHead;
    this.#write = res.write;
    this.#end = res.end;
    this.#flushHeaders = res.flushHeaders;
  }

  pass(way: Way, args: unknown[]): unknown {
    // HTTP/1 makes every head with writeHead: there, nobody changes the headers after us.
    if (this.#headed || (way !== "writeHead" && !this.#visit.http2)) return this.call(way, args);
    this.#headed = true;
    if (!this.#visit.looked) return this.call(way, args);
    const rest = way === "writeHead" ? unpackHead(this.#res, args) : args;
    addSessionHeaders(this.#res, this.#visit);
    return this.call(way, rest);
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
