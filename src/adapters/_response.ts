import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Every way of responding ends in one of these. */
export type Way = "writeHead" | "write" | "end" | "flushHeaders";

export type Call = (...args: unknown[]) => unknown;

/** What changes the headers of a response. */
export const MUTATORS = ["setHeader", "setHeaders", "appendHeader", "removeHeader"] as const;

/** What `node:http` and `node:http2` responses have in common, and frameworks put in their place. */
export interface HeldResponse extends Record<Way, Call> {
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
}

/** Whoever stands between a response and what is done with it. */
export interface Interceptor {
  respond(way: Way, args: unknown[]): unknown;
  close(): void;
}

const BY: unique symbol = Symbol("micropie.interceptor");
type Intercepted = HeldResponse & { [BY]: Interceptor };

// Shared by all responses: making functions for each would cost more than all the rest.
function writeHead(this: Intercepted, ...args: unknown[]): unknown {
  return this[BY].respond("writeHead", args);
}
function write(this: Intercepted, ...args: unknown[]): unknown {
  return this[BY].respond("write", args);
}
function end(this: Intercepted, ...args: unknown[]): unknown {
  return this[BY].respond("end", args);
}
function flushHeaders(this: Intercepted, ...args: unknown[]): unknown {
  return this[BY].respond("flushHeaders", args);
}
function onClose(this: HeldResponse): void {
  (this as Intercepted)[BY].close();
}

export function intercept(res: HeldResponse, by: Interceptor): void {
  (res as Intercepted)[BY] = by;
  install(res);
  res.on("close", onClose);
}

/** Puts our methods outermost, once more. */
export function install(res: HeldResponse): void {
  res.writeHead = writeHead as Call;
  res.write = write as Call;
  res.end = end as Call;
  res.flushHeaders = flushHeaders as Call;
}

export function interceptorOf(res: NodeResponse): Interceptor | undefined {
  return (res as unknown as Partial<Intercepted>)[BY];
}

/** What a call answers that is not carried out, or not yet. */
export function answerOf(way: Way, res: HeldResponse): unknown {
  return way === "write" ? true : way === "flushHeaders" ? undefined : res;
}

/** Tells the callback of a call that is never carried out. */
export function giveUp(way: Way, args: unknown[], error: unknown): void {
  if (way !== "write" && way !== "end") return;
  const callback = args.find((arg) => typeof arg === "function");
  if (callback !== undefined) process.nextTick(callback as Call, error);
}
