import { inherited } from "./expose.ts";
import type { HeldResponse } from "./node-response.ts";

const MASKED: unique symbol = Symbol("micropie.masked");

/** A response that can claim to have sent what it has not. */
interface MaskedResponse extends HeldResponse {
  [MASKED]?: "head" | "end" | undefined;
}

/** What a response says of itself while its calls wait: that they were made. */
export class Mask {
  readonly #res: MaskedResponse;
  readonly #isHttp2: boolean;
  /** The properties of the response before. */
  #before: Partial<MaskedResponse> | undefined;
  #finished: PropertyDescriptor | undefined;

  constructor(res: HeldResponse, isHttp2: boolean) {
    this.#res = res;
    this.#isHttp2 = isHttp2;
  }

  get claimsHead(): boolean {
    return this.#before !== undefined;
  }

  get claimsEnd(): boolean {
    return this.#res[MASKED] === "end";
  }

  /** Whether the end waits, and the response does not say so. Who looks may then try to answer once more. */
  get hidesEnd(): boolean {
    return this.claimsEnd && !hasSocket(this.#res);
  }

  claimHead(): void {
    if (this.claimsHead) return;
    const res = this.#res;
    const { statusCode, setHeader, setHeaders, appendHeader, removeHeader } = res;
    this.#before = { statusCode, setHeader, setHeaders, appendHeader, removeHeader, [MASKED]: undefined };
    // HTTP/2 has no status message, and emits a warning if it is read.
    if (!this.#isHttp2) this.#before.statusMessage = res.statusMessage;
    Object.assign(res, SENT);
    Object.defineProperty(res, "headersSent", HEADERS_SENT);
  }

  claimEnd(): void {
    if (this.claimsEnd) return;
    this.#res[MASKED] = "end";
    if (this.hidesEnd) return;
    this.#finished = Object.getOwnPropertyDescriptor(this.#res, "finished");
    Object.defineProperties(this.#res, ENDED);
  }

  /** Restores the properties of the response. */
  lift(): void {
    if (this.#before !== undefined) Object.assign(this.#res, this.#before);
    if (this.#finished !== undefined) Object.defineProperty(this.#res, "finished", this.#finished);
    this.#before = this.#finished = undefined;
  }
}

/** What a response has while it claims to have sent its head: headers cannot be changed. */
const SENT: Pick<
  MaskedResponse,
  "appendHeader" | "removeHeader" | "setHeader" | "setHeaders" | typeof MASKED
> = {
  setHeader: refuse,
  setHeaders: refuse,
  appendHeader: refuse,
  removeHeader: refuse,
  [MASKED]: "head",
};

/** `headersSent` of a response that can claim to have sent its head. */
const HEADERS_SENT: PropertyDescriptor & ThisType<MaskedResponse> = {
  configurable: true,
  get() {
    return this[MASKED] !== undefined || inherited(this, "headersSent");
  },
};

/** The properties of a response that can claim to be ended. */
const ENDED: PropertyDescriptorMap = {
  writableEnded: claimed("writableEnded", true),
  writableFinished: claimed("writableFinished", false),
  finished: claimed("finished", true),
};

function claimed(name: string, value: boolean): PropertyDescriptor & ThisType<MaskedResponse> {
  return {
    configurable: true,
    get() {
      return this[MASKED] === "end" ? value : inherited(this, name);
    },
    set() {},
  };
}

/**
 * Whether the response goes to a socket. A host without one, such as a function-as-a-service wrapper, takes the answer
 * from the response as soon as that says that it is ended. So it must say so only when it is.
 */
function hasSocket({ socket, req }: HeldResponse): boolean {
  // Of pipelined requests, a response has no socket before its turn.
  return typeof (socket ?? req?.socket)?.pipe === "function";
}

/** Throws the error of Node for headers that are set after the head was sent. */
export function refuse(): never {
  throw Object.assign(new Error("Cannot set headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  });
}
