import type { Server as HttpServer, IncomingMessage, ServerResponse } from "node:http";
import type { ServerRequest } from "srvx";
import type { Awaitable } from "../backends/backend.ts";
import { ConfigError } from "../errors.ts";
import type { Mount } from "../visit/mount.ts";
import { type Answer, type Outcome, toResponse } from "./answer.ts";
import { type Exchange, fromRequest, open, urlOf } from "./exchange.ts";
import { onSignals } from "./signals.ts";

/** How `serve` listens. */
export interface ServeOptions {
  /** Default 8000; 0 takes a free one. */
  port?: number;
  /** The name or address to listen on. Default: every address of the machine. */
  hostname?: string;
  /** Whether SIGINT and SIGTERM close it, and then end the process. Default true. */
  signals?: boolean;
  /** How long `close` waits for requests to end before it cuts them, in seconds. Default 10. */
  shutdownTimeout?: number;
}

/** An App that listens. */
export interface RunningApp {
  /** Where to reach it from here: `http://localhost:8000/`. */
  readonly url: string;
  readonly port: number;
  /** Takes no more connections, lets running requests end, then shuts the App down. Can be called twice. */
  close(): Promise<void>;
}

/** What listening needs of an App. */
export interface Listener {
  readonly mount: Mount;
  respond(exchange: Exchange): Awaitable<Outcome>;
  shutdown(): Promise<void>;
}

/**
 * For Bun, which would cut a stream that is silent for ten seconds, and refuse bodies over 128 MiB whatever the App's
 * limits are. 255 seconds is the longest that it knows.
 */
const BUN = { idleTimeout: 255, maxRequestBodySize: Number.MAX_SAFE_INTEGER };

const NAMES = ["port", "hostname", "signals", "shutdownTimeout"];

export async function listen(options: ServeOptions, listener: Listener): Promise<RunningApp> {
  const { port, hostname, signals, shutdownTimeout } = check(options);
  // Only who serves by himself needs a server; a host of `fetch` is one.
  const { serve, FastResponse } = await import("srvx");
  let closing: Promise<void> | undefined;

  function send(request: ServerRequest, exchange: Exchange, outcome: Outcome): Response {
    const response = nodeResponseOf(request);
    if (response !== undefined) {
      // Else a connection that is kept alive would keep the server from closing.
      if (closing !== undefined) response.shouldKeepAlive = false;
      if (!(outcome instanceof Response) && write(response, outcome)) return sent;
    }
    return toResponse(exchange, outcome);
  }
  const sent = new FastResponse(null);
  const server = serve({
    fetch(request) {
      const exchange = exchangeOf(listener.mount, request, FastResponse);
      const outcome = listener.respond(exchange);
      return outcome instanceof Promise
        ? outcome.then((later) => send(request, exchange, later))
        : send(request, exchange, outcome);
    },
    port,
    ...(hostname === undefined ? {} : { hostname }),
    manual: true,
    silent: true,
    gracefulShutdown: false,
    bun: BUN,
  });
  try {
    await server.serve();
    await server.ready();
  } catch (error) {
    throw listenError(error, port, hostname);
  }
  if (server.url === undefined) {
    const message =
      "this runtime does not listen by itself; export the App, or { fetch: app.fetch }, instead.";
    throw new ConfigError("serve", message);
  }

  async function shut(): Promise<void> {
    const cut = setTimeout(() => void server.close(true), shutdownTimeout * 1000);
    // A stream whose headers left before now said keep-alive, and would be kept for seconds after its end.
    const sweep = setInterval(() => closeIdle(server.node?.server), 50);
    try {
      await server.close();
    } finally {
      clearTimeout(cut);
      clearInterval(sweep);
      await listener.shutdown();
    }
  }
  function close(): Promise<void> {
    forget();
    closing ??= shut();
    return closing;
  }
  const forget = signals ? onSignals(close) : () => {};
  const url = new URL(server.url!);
  if (hostname === undefined || url.hostname === "[::]" || url.hostname === "0.0.0.0")
    url.hostname = "localhost";
  return { url: url.href, port: Number(url.port || 80), close };
}

// A target that needs none of the URL parser's work: no dot segments, nothing it would encode.
const PLAIN = /^\/[\w\-~!$&'()*+,;=:@%/?.]*$/;

function exchangeOf(mount: Mount, request: ServerRequest, kind: typeof Response): Exchange {
  const incoming = request.runtime?.node?.req as IncomingMessage | undefined;
  if (incoming === undefined) return fromRequest(mount, request);
  const { url = "/", method = "GET" } = incoming;
  const plain = PLAIN.test(url) && !url.includes("/.") && !url.includes("%2");
  const target = plain ? url : targetOf(url, request);
  return open(mount, request, incoming, kind, method, target);
}

function closeIdle(server: object | undefined): void {
  if (server !== undefined && "closeIdleConnections" in server) (server as HttpServer).closeIdleConnections();
}

/** Node's own response. Only HTTP/1 is served here. */
function nodeResponseOf(request: ServerRequest): ServerResponse | undefined {
  return request.runtime?.node?.res as ServerResponse | undefined;
}

/** Sends what is no stream, in one write: through a Response it would be two, and a fifth dearer. */
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

/** The path of `/…` does not depend on the host, which may be none. */
function targetOf(url: string, request: Request): string {
  const parsed = URL.parse(url.startsWith("/") ? `http://localhost${url}` : urlOf(request));
  return parsed === null ? url : parsed.pathname + parsed.search;
}

function check(
  options: ServeOptions,
): Required<Omit<ServeOptions, "hostname">> & { hostname: string | undefined } {
  for (const name of Object.keys(options)) {
    if (!NAMES.includes(name)) {
      throw new ConfigError(name, `There is no such option of serve. There are: ${NAMES.join(", ")}.`);
    }
  }
  const { port = 8000, hostname, signals = true, shutdownTimeout = 10 } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError("port", `Give a whole number from 0 to 65535; got ${String(port)}.`);
  }
  if (typeof shutdownTimeout !== "number" || !(shutdownTimeout >= 0)) {
    throw new ConfigError("shutdownTimeout", `Give a number, at least 0; got ${String(shutdownTimeout)}.`);
  }
  return { port, hostname, signals, shutdownTimeout };
}

function listenError(error: unknown, port: number, hostname: string | undefined): unknown {
  const { code } = error as { code?: string };
  const cause = { cause: error };
  if (code === "EADDRINUSE") {
    return new ConfigError(
      "port",
      `${port} is in use by another program. Stop it, or choose another port.`,
      cause,
    );
  }
  if (code === "EACCES") {
    return new ConfigError("port", `${port} is not allowed for this user. Choose one above 1023.`, cause);
  }
  if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") {
    return new ConfigError("hostname", `${hostname} is no name or address of this machine.`, cause);
  }
  return error;
}
