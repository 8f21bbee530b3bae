import { ConnectionClosed } from "./connection-closed.ts";

/** A message as it comes or goes. */
export type Message = string | Uint8Array;

/** The connection, whichever runtime has it. */
export interface Wire {
  send(message: Message): void;
  close(code: number, reason: string): void;
  /** Closes the connection without a close frame. */
  terminate(): void;
  /** Bytes that were sent and have not left. */
  readonly waiting: number;
  /** Calls back, once, when bytes have left or the connection is closed. */
  onDrain(done: () => void): void;
}

interface Waiter {
  resolve(message: Message): void;
  reject(error: ConnectionClosed): void;
}

/** What a waiting message costs besides its bytes. */
const COST = 256;
/** Milliseconds for the client to answer a close frame. */
const FAREWELL = 1000;

/** One WebSocket between its wire and its handler: what has come and was not received, and how it ended. */
export class Line {
  readonly #most: number;
  #queue: Message[] = [];
  #size = 0;
  #waiters: Waiter[] = [];
  #wire: Wire | undefined;
  #end: ConnectionClosed | undefined;
  #farewell: ReturnType<typeof setTimeout> | undefined;
  #opened = Promise.withResolvers<void>();
  readonly #closing = new AbortController();

  /** `most` is in bytes, for each direction. */
  constructor(most: number) {
    this.#most = most;
    this.#opened.promise.catch(() => {});
  }

  /** How it ended; undefined while it is open. */
  get end(): ConnectionClosed | undefined {
    return this.#end;
  }

  /** Aborts when it is closed, by whomever. */
  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  /** Resolves when the connection is there. Rejects with ConnectionClosed if the client has left before. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  open(wire: Wire): void {
    this.#wire = wire;
    if (this.#end === undefined) this.#opened.resolve();
    else wire.close(this.#end.code, this.#end.reason);
  }

  /** A message has come. */
  deliver(message: Message): void {
    if (this.#end !== undefined) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve(message);
      return;
    }
    this.#queue.push(message);
    this.#size += sizeOf(message);
    if (this.#size > this.#most) this.close(1008, "Too many messages wait");
  }

  /** The connection is gone: closed by the client, broken, or after `close`. What has come before can still be received. */
  gone(code: number, reason: string): void {
    clearTimeout(this.#farewell);
    this.#finish(new ConnectionClosed(code, reason));
  }

  /** Closes it. What has come and was not received is dropped. Does nothing if it is closed. */
  close(code: number, reason: string): void {
    if (this.#end !== undefined) return;
    this.#queue = [];
    this.#size = 0;
    this.#finish(new ConnectionClosed(code, reason));
    const wire = this.#wire;
    if (wire === undefined) return;
    wire.close(code, reason);
    // A client that never answers would keep the connection.
    this.#farewell = setTimeout(() => wire.terminate(), FAREWELL);
  }

  receive(): Promise<Message> {
    const message = this.#queue.shift();
    if (message !== undefined) {
      this.#size -= sizeOf(message);
      return Promise.resolve(message);
    }
    if (this.#end !== undefined) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Resolves when there is room for more. */
  async send(message: Message): Promise<void> {
    if (this.#end !== undefined) throw this.#end;
    const wire = this.#wire!;
    wire.send(message);
    if (wire.waiting <= this.#most / 2) return;
    if (wire.waiting > this.#most + sizeOf(message)) {
      this.close(1008, "Too many messages wait");
      wire.terminate();
    }
    while (this.#end === undefined && wire.waiting > this.#most / 2)
      await new Promise<void>((resolve) => wire.onDrain(resolve));
    if (this.#end !== undefined) throw this.#end;
  }

  #finish(end: ConnectionClosed): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#opened.reject(end);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(end);
    this.#closing.abort(end);
  }
}

function sizeOf(message: Message): number {
  return COST + (typeof message === "string" ? message.length : message.byteLength);
}
