import type { Awaitable, SessionData } from "../backends/backend.ts";
import { Connection, SESSION_ENDED } from "../core/connection.ts";
import { protocolsIn } from "../core/handshake.ts";
import type { MessageOptions } from "../core/message.ts";
import type { Session } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { addDue } from "../visit/answer.ts";
import type { Outcome } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import type { Stop } from "./rooms.ts";
import { seal } from "./seal.ts";
import type { SocketHost } from "./socket.ts";
import type { Line } from "./socket-line.ts";

/** A handshake that is to be completed: with these headers, and then the line has to be opened. */
export interface Accepted {
  readonly headers: Headers;
  readonly subprotocol: string | undefined;
  readonly line: Line;
}

/** One handshake on its way, and the socket that comes of it. */
export class Handshake implements SocketHost<SessionData> {
  readonly exchange: Exchange;
  readonly line: Line;
  readonly protocols: readonly string[];
  readonly #sessions: Sessions<SessionData>;
  readonly #accepted: (accepted: Accepted) => void;
  #isAccepting = false;
  #connection: Connection<SessionData> | undefined;
  /** The reason of a `close` before it was accepted. */
  refusal: string | undefined;
  isAccepted = false;
  /** The Apps whose handler or middlewares hear of its end; none before there is a handler. */
  way: readonly Stop[] = [];

  constructor(
    exchange: Exchange,
    line: Line,
    sessions: Sessions<SessionData>,
    accepted: (accepted: Accepted) => void,
  ) {
    this.exchange = exchange;
    this.line = line;
    this.#sessions = sessions;
    this.#accepted = accepted;
    this.protocols = protocolsIn(exchange.raw.headers.get("sec-websocket-protocol") ?? undefined);
  }

  async accept(subprotocol: string | undefined): Promise<void> {
    const { exchange, line } = this;
    if (this.#isAccepting) throw new TypeError("accept: the WebSocket is accepted already.");
    if (this.refusal !== undefined) throw new TypeError("accept: the WebSocket was refused by `close`.");
    if (line.end !== undefined) throw line.end;
    this.#isAccepting = true;
    await exchange.visit.commit();
    if (line.end !== undefined) throw line.end;
    exchange.headersSent = true;
    exchange.visit.close();
    const { session } = exchange.visit;
    const connection = new Connection(this.#sessions, session, (reason) => line.close(SESSION_ENDED, reason));
    line.signal.addEventListener("abort", () => connection.closed(), { once: true });
    this.#connection = connection;
    const headers = new Headers();
    const { line: cookie, vary, carrier, farewells } = exchange.visit;
    addDue(headers, { varies: false, vary, line: cookie, carrier, farewells });
    this.isAccepted = true;
    this.#accepted({ headers, subprotocol, line });
    await line.opened;
  }

  refuse(_code: number, reason: string): void {
    this.refusal ??= reason;
  }

  /** Saves the session, and returns the answer with its headers. */
  async answer(outcome: Outcome): Promise<Outcome> {
    const { exchange } = this;
    await exchange.visit.commit();
    exchange.visit.close();
    return seal(exchange, outcome);
  }

  session<R>(fn: (session: Session<SessionData>) => Awaitable<R>, options?: MessageOptions): Promise<R> {
    return this.#connection!.session(fn, options);
  }
}
