import { type HeldResponse, MUTATORS } from "./_response.ts";

const ON: unique symbol = Symbol("micropie.disguise");

const HEADERS_SENT: PropertyDescriptor & ThisType<{ [ON]: boolean }> = {
  configurable: true,
  get() {
    return this[ON] || Reflect.get(Object.getPrototypeOf(this), "headersSent", this);
  },
};

/** What a response shows while calls wait: as if they had been carried out. */
export class Disguise {
  readonly #res: HeldResponse & { [ON]?: boolean };
  readonly #mutators: readonly unknown[];
  readonly #statusCode: number;
  readonly #statusMessage: string | undefined;
  #finished: PropertyDescriptor | undefined;
  #ended = false;

  /** The head counts as sent: nothing in it can be changed any more. */
  constructor(res: HeldResponse, http2: boolean) {
    this.#res = res;
    this.#statusCode = res.statusCode;
    // HTTP/2 has none, and warns of every look at it.
    this.#statusMessage = http2 ? undefined : res.statusMessage;
    this.#mutators = MUTATORS.map((name) => res[name]);
    for (const name of MUTATORS) res[name] = refuse;
    this.#res[ON] = true;
    Object.defineProperty(res, "headersSent", HEADERS_SENT);
  }

  /** The end was asked for, too. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#finished = Object.getOwnPropertyDescriptor(this.#res, "finished");
    Object.defineProperties(this.#res, ENDED);
  }

  off(): void {
    const res = this.#res;
    res[ON] = false;
    MUTATORS.forEach((name, index) => {
      (res as unknown as Record<string, unknown>)[name] = this.#mutators[index];
    });
    if (res.statusCode !== this.#statusCode) res.statusCode = this.#statusCode;
    if (this.#statusMessage !== undefined) res.statusMessage = this.#statusMessage;
    if (!this.#ended) return;
    for (const name of Object.keys(ENDED)) delete (res as unknown as Record<string, unknown>)[name];
    if (this.#finished !== undefined) Object.defineProperty(res, "finished", this.#finished);
  }
}

const ENDED: PropertyDescriptorMap = {
  writableEnded: { configurable: true, get: () => true },
  finished: { configurable: true, get: () => true, set: () => {} },
  writableFinished: { configurable: true, get: () => false },
};

/** Node's own answer to headers after the head. */
export function refuse(): never {
  throw Object.assign(new Error("Cannot set headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  });
}
