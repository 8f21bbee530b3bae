import type { IncomingMessage } from "node:http";
import {
  faultOf,
  mayConnect,
  ORIGIN_OPTIONS,
  type OriginOptions,
  type Origins,
  resolveOrigins,
} from "../core/handshake.ts";
import type { AnyData, Session } from "../core/register.ts";
import type { Sessions } from "../core/sessions.ts";
import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { type AnswerHeaders, addDue, type NodeHeaders } from "../visit/answer.ts";
import { errorAnswer } from "../visit/error-parts.ts";
import { type Mount, mountOf } from "../visit/mount.ts";
import { printError } from "../visit/printed.ts";
import { headerOf } from "../visit/request.ts";
import { Visit } from "../visit/visit.ts";
import { type Close, SocketSession } from "./socket-session.ts";

/** The options of all adapters for sockets. */
export interface GateOptions<T extends object = AnyData, Req = AnyHandshake> extends OriginOptions {
  /**
   * Decides about a handshake. It may change the session, which is saved before the socket is opened. To refuse, return a status, such
   * as 401; then nothing is saved. Default: every handshake that `origins` allows is accepted.
   */
  authorize?: ((session: Session<T>, request: Req) => unknown) | undefined;
  /** Called with the error of a handshake that failed. Default: prints it as the adapters do. */
  onError?: ((error: unknown, request: Req) => void) | undefined;
}

/** A request of Node or of the web. */
export type AnyHandshake = IncomingMessage | Request;

/** A handshake that must be answered with an error. */
export interface Refusal {
  readonly ok: false;
  readonly status: number;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A handshake that may be completed. */
export interface Entry<T extends object> {
  readonly ok: true;
  /** What the answer must carry: the cookie of a new session, for example. */
  readonly headers: Headers;
  /** Adds the same to headers that are made elsewhere. */
  addTo(headers: AnswerHeaders | NodeHeaders): void;
  /** The session, as it was saved. */
  readonly session: Session<T>;
  /**
   * To be called when the socket is open. `close` is called once, with 4401 and a word, when the session ends. Call `leave` of the
   * result when the socket is closed.
   */
  join(close: Close): SocketSession<T>;
}

/** Decides about the handshakes of a server. */
export interface Gate<T extends object, Req> {
  /**
   * Checks a handshake, loads its session, asks `authorize`, and saves. Never throws. `isSocket` is false for a handshake that is
   * no WebSocket's.
   */
  enter(request: Req, options?: { isSocket?: boolean; visit?: unknown }): Promise<Refusal | Entry<T>>;
}

/**
 * Returns a gate for any server of WebSockets, whichever library makes their frames. The adapters of this folder use it. Throws
 * ConfigError for an invalid option.
 *
 * @example
 * const gate = socketGate(sessions, { authorize: (session) => (info(session).userId === undefined ? 401 : undefined) });
 *
 * async function open(request: Request): Promise<Response> {
 *   const entry = await gate.enter(request);
 *   if (!entry.ok) return new Response(entry.message, entry);
 *   const { socket, response } = upgrade(request, entry.headers);
 *   const own = entry.join((code, reason) => socket.close(code, reason));
 *   socket.addEventListener("close", () => own.leave());
 *   return response;
 * }
 */
export function socketGate<T extends object, Req extends AnyHandshake = AnyHandshake>(
  sessions: Sessions<T>,
  options: GateOptions<T, Req> = {},
): Gate<T, Req> {
  refuseUnknown(options, [...ORIGIN_OPTIONS, "authorize", "onError"]);
  const { authorize, onError = printError } = options;
  if (authorize !== undefined && typeof authorize !== "function")
    throw new ConfigError("authorize", "Pass a function of the session and the request.");
  if (typeof onError !== "function")
    throw new ConfigError("onError", "Pass a function of the error and the request.");
  const mount = mountOf<AnyHandshake>(sessions, {}, ({ url }) => url ?? "");
  return new Doorkeeper(sessions, mount as unknown as Mount, resolveOrigins(options), { authorize, onError });
}

class Doorkeeper<T extends object, Req extends AnyHandshake> implements Gate<T, Req> {
  readonly #sessions: Sessions<T>;
  readonly #mount: Mount;
  readonly #origins: Origins;
  readonly #options: Pick<GateOptions<T, Req>, "authorize"> & { onError(error: unknown, request: Req): void };

  constructor(
    sessions: Sessions<T>,
    mount: Mount,
    origins: Origins,
    options: Pick<GateOptions<T, Req>, "authorize"> & { onError(error: unknown, request: Req): void },
  ) {
    this.#sessions = sessions;
    this.#mount = mount;
    this.#origins = origins;
    this.#options = options;
  }

  async enter(
    request: Req,
    { isSocket = true, visit }: { isSocket?: boolean; visit?: unknown } = {},
  ): Promise<Refusal | Entry<T>> {
    const header = (name: string): string | undefined => headerOf(request, name);
    const fault = isSocket ? faultOf(request.method ?? "GET", header) : undefined;
    if (fault !== undefined) return { ok: false, ...fault };
    if (!mayConnect(this.#origins, header)) return refusal(403, "Another site may not open this");
    const outer = visit instanceof Visit ? visit : undefined;
    const own = outer ?? new Visit(this.#mount, request);
    try {
      if (outer === undefined) await own.load(request);
      const refused = await this.#options.authorize?.(own.session as Session<T>, request);
      if (typeof refused === "number") {
        own.discard();
        return refusal(refused, "");
      }
      await own.commit();
      const { session } = own;
      own.close();
      return this.#entry(own, session);
    } catch (error) {
      own.discard();
      this.#options.onError(error, request);
      return refusal(errorAnswer(error).status, errorAnswer(error).text);
    }
  }

  #entry({ line, vary, carrier, farewells }: Visit, session: object): Entry<T> {
    const due = { varies: false, vary, line, carrier, farewells };
    const headers = new Headers();
    addDue(headers, due);
    return {
      ok: true,
      headers,
      addTo: (others) => addDue(others, due),
      session: session as Session<T>,
      join: (close) => new SocketSession(this.#sessions, session, close),
    };
  }
}

function refusal(status: number, message: string): Refusal {
  return { ok: false, status, message, headers: { "content-type": "text/plain; charset=utf-8" } };
}
