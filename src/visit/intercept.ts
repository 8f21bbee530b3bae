import type { HeldResponse, Method, NodeResponse, Way } from "./node-response.ts";

const HOLDER: unique symbol = Symbol("micropie.holder");
type Held = HeldResponse & { [HOLDER]: Holder };

/** What decides about the calls of a response. */
export interface Holder {
  /** Gets each call of a method that sends the response. Returns what the caller gets. */
  respond(way: Way, args: unknown[]): unknown;
  /** Called with each stream that is piped into the response. */
  piped(source: object): void;
  /** Called when the connection is closed, or everything was sent. */
  close(): void;
}

/** Returns the holder of a response, if it has one. */
export function holderOf(res: NodeResponse): Holder | undefined {
  return (res as unknown as Partial<Held>)[HOLDER];
}

/** Gives a response its holder, and returns the methods that it had. */
export function holdBy(holder: Holder, res: HeldResponse): Readonly<Record<Way, Method>> {
  const { writeHead, write, end, flushHeaders } = res;
  (res as Held)[HOLDER] = holder;
  intercept(res);
  res.on("close", onClose);
  res.on("pipe", onPipe);
  return { writeHead, write, end, flushHeaders };
}

/** Makes the methods that send a response call its holder. */
export function intercept(res: HeldResponse): void {
  res.writeHead = writeHead;
  res.write = write;
  res.end = end;
  res.flushHeaders = flushHeaders;
}

function interceptorOf(way: Way): Method {
  return function (this: Held, ...args: unknown[]) {
    return this[HOLDER].respond(way, args);
  } as Method;
}

/** Shared by all responses, as making functions for each is slow. */
const [writeHead, write, end] = [interceptorOf("writeHead"), interceptorOf("write"), interceptorOf("end")];
const flushHeaders = interceptorOf("flushHeaders");

function onClose(this: HeldResponse): void {
  (this as Held)[HOLDER].close();
}

function onPipe(this: HeldResponse, source: unknown): void {
  (this as Held)[HOLDER].piped(source as object);
}
