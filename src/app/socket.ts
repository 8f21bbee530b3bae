import type { Awaitable } from "../backends/backend.ts";
import type { MessageOptions } from "../core/message.ts";
import type { Registered, Session } from "../core/register.ts";
import { ConnectionClosed } from "./connection-closed.ts";
import type { Line, Message } from "./socket-line.ts";

/** What a socket asks of the exchange that it belongs to. */
export interface SocketHost<T extends object> {
  readonly line: Line;
  readonly protocols: readonly string[];
  accept(subprotocol: string | undefined): Promise<void>;
  /** Answers the handshake with 403. */
  refuse(code: number, reason: string): void;
  readonly isAccepted: boolean;
  session<R>(fn: (session: Session<T>) => Awaitable<R>, options?: MessageOptions): Promise<R>;
}

/** The WebSocket of a `ws_` method. */
export class AppSocket<T extends object = Registered> {
  readonly #host: SocketHost<T>;

  constructor(host: SocketHost<T>) {
    this.#host = host;
  }

  /** The subprotocols that the client offers, in its order of preference. */
  get protocols(): readonly string[] {
    return this.#host.protocols;
  }

  /** Aborts when the socket is closed, by whomever; its reason is the ConnectionClosed. */
  get signal(): AbortSignal {
    return this.#host.line.signal;
  }

  /**
   * Saves the session of the request and opens the socket; the cookie goes with the answer. Resolves when the client is connected. From
   * then on the session belongs to each message: see `session`. Sockets close with 4401 when the session ends.
   * Throws ConnectionClosed if the client has left, TypeError for a subprotocol that it did not offer; and as `save` does.
   */
  async accept({ subprotocol }: { subprotocol?: string | undefined } = {}): Promise<void> {
    if (subprotocol !== undefined && !this.protocols.includes(subprotocol))
      throw new TypeError(`accept: the client did not offer the subprotocol ${JSON.stringify(subprotocol)}.`);
    await this.#host.accept(subprotocol);
  }

  /** Returns the next message as text. Throws ConnectionClosed when there is none any more. */
  async receiveText(): Promise<string> {
    const message = await this.#receive();
    return typeof message === "string" ? message : new TextDecoder().decode(message);
  }

  /** Returns the next message as bytes; text as UTF-8. Throws ConnectionClosed when there is none any more. */
  async receiveBytes(): Promise<Uint8Array> {
    const message = await this.#receive();
    return typeof message === "string" ? new TextEncoder().encode(message) : message;
  }

  /** Iterates over the messages, each as it was sent: text or bytes. Ends when the socket is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string | Uint8Array, void, undefined> {
    try {
      for (;;) yield await this.#receive();
    } catch (error) {
      if (!(error instanceof ConnectionClosed)) throw error;
    }
  }

  /**
   * Sends text. Resolves when there is room for more, so await it where there is much to send. Throws ConnectionClosed if the socket is
   * closed; without `await`, nothing is thrown.
   */
  sendText(text: string): Promise<void> {
    if (typeof text !== "string") throw new TypeError(`sendText: pass a string; got ${typeof text}.`);
    return this.#send(text);
  }

  /** Sends bytes. The same as `sendText`. */
  sendBytes(bytes: Uint8Array | ArrayBuffer): Promise<void> {
    if (bytes instanceof ArrayBuffer) return this.#send(new Uint8Array(bytes));
    if (!(bytes instanceof Uint8Array))
      throw new TypeError("sendBytes: pass a Uint8Array or an ArrayBuffer.");
    return this.#send(bytes);
  }

  /**
   * Closes the socket. Before `accept`, it answers the handshake with 403 and the reason. Does nothing if it is closed. `code` is 1000
   * or 3000 to 4999, or one of 1001, 1003 and 1007 to 1014; `reason` has at most 123 bytes. Throws RangeError for others.
   */
  close(code = 1000, reason = ""): void {
    if (!isCode(code)) throw new RangeError(`close: ${String(code)} is no code that may be sent.`);
    if (new TextEncoder().encode(reason).byteLength > 123)
      throw new RangeError("close: the reason may have at most 123 bytes.");
    if (this.#host.isAccepted) this.#host.line.close(code, reason);
    else this.#host.refuse(code, reason);
  }

  /**
   * Runs `fn` with the session as it is stored now, then saves what it changed: a message is a request of its own. `update` and
   * `exclusive` work as in a request. If `fn` throws, nothing is saved. Returns what `fn` returns. The idle deadline moves as by a
   * request, unless `idle` is true. Without a stored session it is empty, and nothing can be stored in it.
   * Throws StateError `ended` if the session has ended, `headers_sent` for what needs a cookie; and as `save` does.
   */
  session<R>(fn: (session: Session<T>) => Awaitable<R>, options?: MessageOptions): Promise<R> {
    if (!this.#host.isAccepted)
      throw new TypeError(
        "session: the WebSocket is not accepted. Use this.request.session before `accept`.",
      );
    return this.#host.session(fn, options);
  }

  #receive(): Promise<Message> {
    if (!this.#host.isAccepted) throw notAccepted("receive");
    return this.#host.line.receive();
  }

  #send(message: Message): Promise<void> {
    if (!this.#host.isAccepted) throw notAccepted("send");
    const sent = this.#host.line.send(message);
    // Who sends to many does not wait for each, and one that has left must not end the process.
    sent.catch(() => {});
    return sent;
  }
}

function notAccepted(what: string): TypeError {
  return new TypeError(`${what}: the WebSocket is not accepted. Call \`await ws.accept()\` first.`);
}

/** RFC 6455 7.4. */
function isCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code);
}
