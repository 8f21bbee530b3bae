import type { Awaitable } from "../backends/backend.ts";
import { Connection, SESSION_ENDED } from "../core/connection.ts";
import type { MessageOptions } from "../core/message.ts";
import type { ReadonlySession, Session } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import type { EndReason } from "../core/watch.ts";
import { SessionEndedError } from "./signal.ts";

/** How the adapters close a socket. */
export type Close = (code: number, reason: string) => void;

/** The session of an open socket. Between messages it holds nothing. */
export class SocketSession<T extends object> {
  /** The session as it was when the socket was opened, to be looked at: `info(socket.opened).userId`. */
  readonly opened: ReadonlySession<T>;
  readonly #connection: Connection<T>;
  readonly #over = new AbortController();

  constructor(sessions: Sessions<T>, opened: object, close: Close) {
    this.opened = opened as ReadonlySession<T>;
    this.#connection = new Connection(sessions, opened, (reason) => this.#end(reason, close));
  }

  /** Aborts when the session ends or the socket is closed. If the session has ended, its reason is a SessionEndedError. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /**
   * Runs `fn` with the session as it is stored now, then saves what it changed: a message is a request of its own. `update` and
   * `exclusive` work as in a request. If `fn` throws, nothing is saved. Returns what `fn` returns. The idle deadline moves as by a
   * request, unless `idle` is true. Without a stored session it is empty, and nothing can be stored in it.
   * Throws StateError `ended` if the session has ended, `headers_sent` for what needs a cookie; and as `save` does.
   *
   * @example
   * socket.on("message", async () => {
   *   const n = await sockets.of(socket).session((session) => update(session, "n", (n = 0) => n + 1));
   *   socket.send(String(n));
   * });
   */
  session<R>(fn: (session: Session<T>) => Awaitable<R>, options?: MessageOptions): Promise<R> {
    return this.#connection.session(fn, options);
  }

  /** To be called when the socket is closed: its session is watched no more. Adapters do. */
  leave(): void {
    this.#connection.closed();
    this.#over.abort();
  }

  #end(reason: EndReason, close: Close): void {
    this.#over.abort(new SessionEndedError(reason));
    close(SESSION_ENDED, reason);
  }
}

/** The sessions of the sockets of one server. */
export interface SocketsOf<Socket, T extends object> {
  /** Returns the session of a socket. Throws TypeError for a socket that this server did not open. */
  of(socket: Socket): SocketSession<T>;
}
