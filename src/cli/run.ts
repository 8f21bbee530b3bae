import { Server as HttpServer } from "node:http";
import type { App } from "../app/app.ts";
import { describeError } from "./import-error.ts";
import type { Servable, Server } from "./load-app.ts";
import { codeOf, Problem } from "./problem.ts";
import { isWatched } from "./watched.ts";

/** Seconds that requests get to end after a signal; a restart for a changed file does not wait so long. */
const GRACE = 10;
const GRACE_WATCHED = 0.5;

interface Place {
  readonly file: string;
  readonly port: number;
  readonly host: string;
}

/** Serves the application until SIGINT or SIGTERM; resolves when it listens. Throws `Problem` if it cannot. */
export async function run(app: Servable, place: Place): Promise<void> {
  const server = await listen(app, place);
  stopOnSignal(server);
  const next = isWatched() ? "Restarts when a file changes. Ctrl+C stops it." : "Ctrl+C stops it.";
  console.log(`${place.file} is listening on ${address(server, place.host)}\n${next}`);
}

async function listen(app: Servable, place: Place): Promise<Server> {
  const options = { port: place.port, hostname: place.host };
  try {
    if (!isApp(app)) return await serveFetch(app, options);
    return await app.serve({ ...options, signals: false, shutdownTimeout: grace() });
  } catch (error) {
    throw new Problem(describeListenError(error, place));
  }
}

async function serveFetch(app: Servable, options: { port: number; hostname: string }): Promise<Server> {
  const { serve } = await import("srvx");
  const server = serve({
    ...options,
    fetch: (request) => app.fetch(request),
    silent: true,
    gracefulShutdown: false,
    // Bun would cut a stream that is silent for ten seconds; this is the longest that it knows.
    bun: { idleTimeout: 255 },
  });
  await server.ready();
  const close = async () => {
    const cut = setTimeout(() => void server.close(true), grace() * 1000);
    // A connection that was in use when closing began would else be kept for seconds after its answer.
    const sweep = setInterval(() => closeIdle(server.node?.server), 50);
    await server.close();
    clearTimeout(cut);
    clearInterval(sweep);
  };
  return { url: server.url ?? "", close };
}

function closeIdle(server: object | undefined): void {
  if (server instanceof HttpServer) server.closeIdleConnections();
}

/** An App, maybe of another copy of this package; other things have a `serve` that means something else. */
function isApp(app: Servable): app is App {
  return "serve" in app && "startupHandlers" in app && "sessions" in app;
}

function grace(): number {
  return isWatched() ? GRACE_WATCHED : GRACE;
}

function describeListenError(error: unknown, { file, port, host }: Place): string {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return `port ${port} is in use already. Stop what uses it, or take another: npx micropie ${file} --port ${port === 65535 ? 0 : port + 1}`;
    case "EACCES":
      return `this user may not listen on port ${port}. Take one above 1023: npx micropie ${file} --port 8000`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `this computer has no address "${host}" to listen on. Without --host it is localhost.`;
  }
  const what = error instanceof Error ? describeError(error) : `  ${String(error)}`;
  return `${file} could not start:\n\n${what}`;
}

function address(server: Server, host: string): string {
  const port = new URL(server.url).port || "80";
  if (host === "localhost") return `http://localhost:${port}`;
  if (host === "0.0.0.0" || host === "::")
    return `http://localhost:${port} and on every network of this computer`;
  return `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function stopOnSignal(server: Server): void {
  let asked: number | undefined;
  const stop = (signal: "SIGINT" | "SIGTERM") => {
    // A terminal's Ctrl+C arrives here twice when there is a parent that forwards it.
    if (asked !== undefined && performance.now() - asked < 500) return;
    if (asked !== undefined) process.exit(signal === "SIGINT" ? 130 : 143);
    asked = performance.now();
    void close(server);
  };
  process.on("SIGINT", () => stop("SIGINT"));
  process.on("SIGTERM", () => stop("SIGTERM"));
}

async function close(server: Server): Promise<never> {
  // A shutdown handler may never end.
  setTimeout(
    () => {
      console.error("micropie: stopped, though the application had not finished closing.");
      process.exit(1);
    },
    (grace() + 5) * 1000,
  );
  try {
    await server.close();
  } catch (error) {
    const what = error instanceof Error ? describeError(error) : String(error);
    console.error(`micropie: a problem while stopping:\n\n${what}`);
    process.exit(1);
  }
  if (!isWatched()) console.log("Stopped.");
  process.exit(0);
}
