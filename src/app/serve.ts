import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerRequest } from "srvx";
import type { Awaitable } from "../backends/backend.ts";
import { type Duration, secondsOf } from "../duration.ts";
import { ConfigError } from "../errors.ts";
import { type Resolved, refuseUnknown } from "../option-names.ts";
import type { Mount } from "../visit/mount.ts";
import { targetIn } from "../visit/path.ts";
import { type Answer, type Outcome, toResponse } from "./answer.ts";
import { type Exchange, fromRequest, open } from "./exchange.ts";
import { closeServer, startServer } from "./server.ts";
import { onSignals } from "./signals.ts";
import type { SocketSetup } from "./socket-room.ts";
import type { SocketServer } from "./socket-server.ts";

/** The options of `serve`. */
export interface ServeOptions {
  /** Default 8000. 0 takes a free port. */
  port?: number | undefined;
  /** The name or address to listen on. Default: every address of the machine. */
  hostname?: string | undefined;
  /** Whether SIGINT and SIGTERM close the server and then end the process. Default true. */
  signals?: boolean | undefined;
  /** How long `close` waits for running requests before it closes their connections. Default 10 s. */
  shutdownTimeout?: Duration | undefined;
}

/** An App that is listening. */
export interface RunningApp {
  /** The URL on this machine, such as `http://localhost:8000/`. */
  readonly url: string;
  readonly port: number;
  /** Stops accepting connections, waits for running requests, then shuts the App down. Further calls return the same promise. */
  close(): Promise<void>;
}

/** What `listen` needs of an App. */
export interface Listener {
  readonly mount: Mount;
  respond(exchange: Exchange): Awaitable<Outcome>;
  shutdown(): Promise<void>;
  readonly sockets: SocketSetup | undefined;
}

const NAMES = ["port", "hostname", "signals", "shutdownTimeout"];

export async function listen(options: ServeOptions, listener: Listener): Promise<RunningApp> {
  const { port, hostname, signals, shutdownTimeout } = check(options);
  const { FastResponse } = await import("srvx");
  let closing: Promise<void> | undefined;

  function send(request: ServerRequest, exchange: Exchange, outcome: Outcome): Response {
    const response = nodeResponseOf(request);
    if (response !== undefined) {
      // A kept-alive connection would keep the server from closing.
      if (closing !== undefined) response.shouldKeepAlive = false;
      if (!(outcome instanceof Response) && write(response, outcome)) return sent;
      if (outcome.body !== null) flushSoon(response);
    }
    return toResponse(exchange, outcome);
  }
  const sent = new FastResponse(null);
  const sockets = await socketsOf(listener);
  const starting = startServer(
    {
      fetch(request) {
        const handshake = sockets?.answer?.(request);
        if (handshake !== undefined) return handshake;
        const exchange = exchangeOf(listener.mount, request, FastResponse);
        const outcome = listener.respond(exchange);
        return outcome instanceof Promise
          ? outcome.then((later) => send(request, exchange, later))
          : send(request, exchange, outcome);
      },
      port,
      ...(hostname === undefined ? {} : { hostname }),
      // Bun would refuse bodies over 128 MiB, whatever the limits of the App are.
      bun: { maxRequestBodySize: Number.MAX_SAFE_INTEGER, ...sockets?.bun },
    },
    sockets?.attach,
  );
  const server = await starting.catch((error: unknown) => {
    throw listenError(error, port, hostname);
  });
  if (server.url === undefined) {
    const message = "This runtime cannot listen on a port. Export the App, or { fetch: app.fetch }, instead.";
    throw new ConfigError("serve", message);
  }

  function close(): Promise<void> {
    forget();
    closing ??= closeServer(server, shutdownTimeout, sockets?.close()).finally(() => listener.shutdown());
    return closing;
  }
  const forget = signals ? onSignals(close) : () => {};
  const url = new URL(server.url);
  if (hostname === undefined || url.hostname === "[::]" || url.hostname === "0.0.0.0")
    url.hostname = "localhost";
  return { url: url.href, port: Number(url.port || 80), close };
}

/** An App without WebSockets loads nothing for them. */
async function socketsOf({ sockets, mount }: Listener): Promise<SocketServer | undefined> {
  return sockets && (await import("./socket-server.ts")).openSockets(sockets, mount);
}

function exchangeOf(mount: Mount, request: ServerRequest, kind: typeof Response): Exchange {
  const incoming = request.runtime?.node?.req as IncomingMessage | undefined;
  if (incoming === undefined) return fromRequest(mount, request);
  const { url = "/", method = "GET" } = incoming;
  return open(mount, request, incoming, kind, method, targetIn(url));
}

/** Node's own response. The server speaks only HTTP/1. */
function nodeResponseOf(request: ServerRequest): ServerResponse | undefined {
  return request.runtime?.node?.res as ServerResponse | undefined;
}

/** Sends an answer that is not a stream in one write. Sending it as a Response takes two, and a fifth more CPU. */
function write(response: ServerResponse, { status, headers, body }: Answer): boolean {
  if (body instanceof ReadableStream) return false;
  if (body === null) {
    response.writeHead(status, [...headers]).end();
    return true;
  }
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  response.writeHead(status, [...headers, ["content-length", String(length)]]).end(body);
  return true;
}

/** Node sends the head with the first chunk, and a stream may wait for long before it has one. */
function flushSoon(response: ServerResponse): void {
  setImmediate(() => {
    if (response.headersSent && !response.writableEnded) response.flushHeaders();
  });
}

function check(
  options: ServeOptions,
): Resolved<Omit<ServeOptions, "hostname">> & { hostname: string | undefined } {
  refuseUnknown(options, NAMES);
  const { port = 8000, hostname, signals = true } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError("port", `Must be an integer from 0 to 65535; got ${String(port)}.`);
  }
  const shutdownTimeout = secondsOf("shutdownTimeout", options.shutdownTimeout, 10, 0, "wait");
  return { port, hostname, signals, shutdownTimeout };
}

function listenError(error: unknown, port: number, hostname: string | undefined): unknown {
  const config = (option: string, message: string) => new ConfigError(option, message, { cause: error });
  switch ((error as { code?: string }).code) {
    case "EADDRINUSE":
      return config("port", `${port} is in use by another program. Stop it or choose another port.`);
    case "EACCES":
      return config("port", `You do not have permission to use port ${port}. Choose a port above 1023.`);
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return config("hostname", `${hostname} is not a name or address of this machine.`);
  }
  return error;
}
