import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

export type NodeRequest = IncomingMessage | Http2ServerRequest;
/** A request whose headers can be read: one of Node, or a web Request. */
export type AnyRequest = NodeRequest | Request;
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Every way of responding ends in one of these. */
export type Way = "writeHead" | "write" | "end" | "flushHeaders";

export type Method = (...args: unknown[]) => unknown;

export const MASKED: unique symbol = Symbol("micropie.masked");

/** What `node:http` and `node:http2` responses have in common, and frameworks put in their place. */
export interface HeldResponse extends Record<Way, Method> {
  statusCode: number;
  statusMessage: string;
  readonly headersSent: boolean;
  getHeader(name: string): number | string | string[] | undefined;
  getHeaderNames(): string[];
  setHeader: (name: string, value: number | string | readonly string[]) => unknown;
  setHeaders?: unknown;
  appendHeader: (name: string, value: string | readonly string[]) => unknown;
  removeHeader: (name: string) => unknown;
  destroy(error?: unknown): unknown;
  emit(event: string): boolean;
  on(event: string, listener: (this: HeldResponse) => void): unknown;
  /** What counts as sent already although it is not. */
  [MASKED]?: "head" | "end" | undefined;
}

/** What a response has while its head counts as sent: nothing in it can be changed. */
export const SENT: Pick<
  HeldResponse,
  "appendHeader" | "removeHeader" | "setHeader" | "setHeaders" | typeof MASKED
> = {
  setHeader: refuse,
  setHeaders: refuse,
  appendHeader: refuse,
  removeHeader: refuse,
  [MASKED]: "head",
};

/** The property of a response whose head counts as sent. */
export const HEADERS_SENT: PropertyDescriptor & ThisType<HeldResponse> = {
  configurable: true,
  get() {
    return this[MASKED] !== undefined || inherited(this, "headersSent");
  },
};

/** The properties of a response whose end counts as asked for. */
export const ENDED: PropertyDescriptorMap & ThisType<HeldResponse> = {
  writableEnded: {
    configurable: true,
    get() {
      return this[MASKED] === "end" || inherited(this, "writableEnded");
    },
  },
  writableFinished: {
    configurable: true,
    get() {
      return this[MASKED] !== "end" && inherited(this, "writableFinished");
    },
  },
  finished: {
    configurable: true,
    get() {
      return this[MASKED] === "end" || inherited(this, "finished");
    },
    set() {},
  },
};

function inherited(res: HeldResponse, name: string): unknown {
  return Reflect.get(Object.getPrototypeOf(res), name, res);
}

/** Throws what Node throws at headers after the head. */
export function refuse(): never {
  throw Object.assign(new Error("Cannot set headers after they are sent to the client"), {
    code: "ERR_HTTP_HEADERS_SENT",
  });
}

/**
 * Moves the headers that were given to `writeHead` (an object, a flat array, an array of pairs) to where `setHeader` puts
 * them, by the rules of `writeHead`: they replace what was set before. Returns the arguments that are left.
 */
export function unpackHead(res: HeldResponse, args: unknown[]): unknown[] {
  const [status, message] = args;
  const rest = typeof message === "string" ? [status, message] : [status];
  const headers = args[2] ?? (typeof message === "string" ? undefined : message);
  if (typeof headers !== "object" || headers === null) return rest;
  if (!Array.isArray(headers)) {
    const named = headers as Record<string, string>;
    for (const name of Object.keys(named)) if (name) res.setHeader(name, named[name]!);
    return rest;
  }
  const pairs = pairsOf(headers);
  for (const [name] of pairs) res.removeHeader(name);
  for (const [name, value] of pairs) if (name) res.appendHeader(name, value);
  return rest;
}

function pairsOf(list: unknown[]): [string, string][] {
  if (Array.isArray(list[0])) return list as [string, string][];
  if (list.length % 2 !== 0) {
    throw Object.assign(new TypeError("The argument 'headers' is invalid: a flat array holds pairs."), {
      code: "ERR_INVALID_ARG_VALUE",
    });
  }
  const pairs: [string, string][] = [];
  for (let index = 0; index < list.length; index += 2) {
    pairs.push([list[index] as string, list[index + 1] as string]);
  }
  return pairs;
}
