import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** The methods that send a response. All other ways of responding call one of them. */
export type Way = "writeHead" | "write" | "end" | "flushHeaders";

export type Method = (...args: unknown[]) => unknown;

/** A socket, or what a host without one has in its place, which is no stream. */
interface MaybeSocket {
  readonly pipe?: unknown;
}

/** What the responses of `node:http`, `node:http2` and the wrappers of frameworks have in common. */
export interface HeldResponse extends Record<Way, Method> {
  statusCode: number;
  statusMessage: string;
  readonly headersSent: boolean;
  readonly socket?: MaybeSocket | null;
  readonly req?: { readonly socket?: MaybeSocket | null };
  getHeader(name: string): number | string | string[] | undefined;
  getHeaderNames(): string[];
  setHeader: (name: string, value: number | string | readonly string[]) => unknown;
  setHeaders?: unknown;
  appendHeader: (name: string, value: string | readonly string[]) => unknown;
  removeHeader: (name: string) => unknown;
  destroy(error?: unknown): unknown;
  emit(event: string): boolean;
  on(event: string, listener: (this: HeldResponse, value: unknown) => void): unknown;
}

/**
 * Sets the headers in the arguments of `writeHead` (an object, a flat array, an array of pairs) on the response. As
 * in `writeHead`, they replace headers that were set before. Returns the other arguments.
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
